/* closed_all HOST PORT: a daemon closes every descriptor before it connects. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 3);
    exchange(connected((struct address[]){resolved("v4.target.test", atoi(words[2]))}));
    closefrom(3);
    struct address to = resolved(words[1], atoi(words[2])), seen;
    int fd = connected(&to);
    CHECK(fd == 3);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    exchange(fd);
    return 0;
}
