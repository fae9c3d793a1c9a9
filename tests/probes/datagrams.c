/* datagrams HOST PORT: what the proxy does not carry is refused with ENETUNREACH, by every call. */
#include "probe.h"
#include <sys/syscall.h>

static struct address to;

static void refused(long outcome) {
    CHECK(outcome == -1 && errno == ENETUNREACH);
}

static int datagram(void) {
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    CHECK(fd >= 0);
    return fd;
}

int main(int count, char **words) {
    CHECK(count == 3);
    to = resolved(words[1], atoi(words[2]));
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
    int fd = datagram();
    refused(sendto(fd, &byte, 1, 0, &to.any, to.length));
    refused(sendto(fd, &byte, 1, MSG_CONFIRM, &to.any, to.length));
    refused(sendmsg(fd, &message, 0));
    refused(sendmmsg(fd, messages, 2, 0));
    refused(syscall(SYS_sendto, fd, &byte, 1, 0, &to.any, to.length));
    refused(syscall(SYS_sendmsg, fd, &message, 0));
    refused(syscall(SYS_sendmmsg, fd, messages, 2, 0));
    refused(connect(fd, &to.any, to.length));
    CHECK(send(fd, &byte, 1, 0) == -1 && errno == EDESTADDRREQ);
    return 0;
}
