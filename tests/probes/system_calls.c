/* system_calls HOST PORT: calls made by number go the same way as calls made by name. */
#include "probe.h"
#include <sys/syscall.h>

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int fd = stream(&to);
    CHECK(syscall(SYS_connect, fd, &to.any, to.length) == 0);
    exchange(fd);
    CHECK(syscall(SYS_getpid) == getpid());
    return 0;
}
