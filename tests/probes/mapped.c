/* mapped V4 PORT: a v4-mapped target on an IPv6 socket, as Java connects. */
#include "probe.h"

int main(int count, char **words) {
    char host[64];
    CHECK(count == 3);
    snprintf(host, sizeof host, "::ffff:%s", words[1]);
    struct address to = literal(host, atoi(words[2])), seen;
    int fd = connected(&to);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    exchange(fd);
    return 0;
}
