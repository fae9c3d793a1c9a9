/* system_calls HOST PORT: calls made by number go the same way as calls made by name. */
#include "probe.h"
#include <sys/syscall.h>

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    struct iovec part = {(char *)"x", 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr messages[1] = {{.msg_hdr = message}};
    int fd = stream(&to);
    CHECK(syscall(SYS_connect, fd, &to.any, to.length) == 0);
    exchange(fd);
    int datagram = socket(to.any.sa_family, SOCK_DGRAM, 0);
    CHECK(syscall(SYS_sendto, datagram, "x", 1, 0, &to.any, to.length) == -1 && errno == ENETUNREACH);
    CHECK(syscall(SYS_sendmsg, datagram, &message, 0) == -1 && errno == ENETUNREACH);
    CHECK(syscall(SYS_sendmmsg, datagram, messages, 1, 0) == -1 && errno == ENETUNREACH);
    CHECK(syscall(SYS_getpid) == getpid());
    return 0;
}
