/* fast_open HOST PORT: data in the first packet would go to the target itself. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    int one = 1, fd = stream(&to);
    CHECK(sendto(fd, &byte, 1, MSG_FASTOPEN | MSG_NOSIGNAL, &to.any, to.length) == -1);
    fd = stream(&to);
    CHECK(sendmsg(fd, &message, MSG_FASTOPEN | MSG_NOSIGNAL) == -1);
    fd = stream(&to);
    if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one) == 0 &&
        connect(fd, &to.any, to.length) == 0)
        exchange(fd);
    return 0;
}
