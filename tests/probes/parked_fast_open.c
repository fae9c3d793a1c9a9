/* parked_fast_open HOST PORT GATE CALL: data that would go with the first packet waits for the handshake's end, or is
 * left to the application to send again. */
#include "gate.h"

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
    CHECK(count == 5);
    struct address to = resolved(words[1], atoi(words[2]));
    struct iovec part = {(char *)line, sizeof line - 1};
    struct msghdr message = {.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &part, .msg_iovlen = 1};
    const int flags = MSG_FASTOPEN | MSG_NOSIGNAL;
    ssize_t sent;
    int one = 1, fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    gate_directory = words[3];
    if (!strcmp(words[4], "sendto")) {
        sent = sendto(fd, line, sizeof line - 1, flags, &to.any, to.length);
    } else if (!strcmp(words[4], "sendmsg")) {
        sent = sendmsg(fd, &message, flags);
    } else {
        /* The kernel reports success at once where it has a cookie, and puts the connect off to the first write. */
        CHECK(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one) == 0);
        int error = connect(fd, &to.any, to.length) == 0 ? 0 : errno;
        CHECK(error == 0 || error == EINPROGRESS);
        sent = -1;
        errno = EINPROGRESS;
    }
    /* As without a cookie: nothing was taken, the connect has begun. */
    CHECK(sent == -1 && errno == EINPROGRESS);
    gate_await("reached");
    CHECK(!is_writable(fd, 0) && !gate_has("rushed"));
    gate_open();
    CHECK(is_writable(fd, -1) && pending_error(fd) == 0);
    set_blocking(fd);
    CHECK(send(fd, line, sizeof line - 1, MSG_NOSIGNAL) == sizeof line - 1);
    check_answer(fd);
    return 0;
}
