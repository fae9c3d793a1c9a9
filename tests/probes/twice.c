/* twice HOST PORT: a connected socket does not connect again. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int fd = connected(&to);
    errno = 0;
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EISCONN);
    exchange(fd);
    return 0;
}
