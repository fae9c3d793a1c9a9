/* fast_open HOST PORT: data in the first packet would go to the target itself; so it waits, or is refused. */
#include "probe.h"

static const char line[] = "hello target\n", answer[] = "you said hello target\n";

static void check_answer(int fd) {
    char got[64];
    size_t have = 0;
    ssize_t part;
    while ((part = recv(fd, got + have, sizeof got - have, 0)) > 0)
        have += part;
    CHECK(have == sizeof answer - 1 && memcmp(got, answer, have) == 0);
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    struct iovec part = {(char *)line, sizeof line - 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    int one = 1, fd = stream(&to);
    if (sendto(fd, line, sizeof line - 1, MSG_FASTOPEN | MSG_NOSIGNAL, &to.any, to.length) != -1)
        check_answer(fd);
    fd = stream(&to);
    if (sendmsg(fd, &message, MSG_FASTOPEN | MSG_NOSIGNAL) != -1)
        check_answer(fd);
    fd = stream(&to);
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one) == 0);
    if (connect(fd, &to.any, to.length) == 0)
        exchange(fd);
    return 0;
}
