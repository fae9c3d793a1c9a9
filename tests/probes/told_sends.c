/* told_sends HOST PORT: every call that sends a datagram, and what comes back. */
#include "told.h"

static struct iovec parts[1100];

static struct msghdr message_of(int count, int is_named) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    if (is_named) {
        message.msg_name = &to.storage;
        message.msg_namelen = to.length;
    }
    return message;
}

static void sendmsgs(int fd, int is_named) {
    struct msghdr message = message_of(0, is_named);
    TOLD(sendmsg(fd, &message, 0));
    comes(fd);
    parts[0] = (struct iovec){"ab", 2};
    parts[1] = (struct iovec){NULL, 0};
    parts[2] = (struct iovec){"", 0};
    parts[3] = (struct iovec){"cdefg", 5};
    for (int count = 1; count <= 4; count++) {
        message = message_of(count, is_named);
        TOLD(sendmsg(fd, &message, 0));
        comes(fd);
    }
    for (int index = 0; index < 1000; index++)
        parts[index] = (struct iovec){bytes + index, index % 3};
    message = message_of(1000, is_named);
    TOLD(sendmsg(fd, &message, MSG_NOSIGNAL));
    comes(fd);
    TOLD(syscall(SYS_sendmsg, fd, &message, 0));
    comes(fd);
    message = message_of(1025, is_named);
    TOLD(sendmsg(fd, &message, 0));
    message = message_of(1, is_named);
    parts[0] = (struct iovec){NULL, 5};
    TOLD(sendmsg(fd, &message, 0));
    parts[0] = (struct iovec){nowhere, 5};
    TOLD(sendmsg(fd, &message, 0));
}

static void sendmmsgs(int fd, int is_named) {
    struct mmsghdr messages[4];
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < 4; index++) {
        parts[index] = (struct iovec){bytes + index, index * 40};
        messages[index].msg_hdr = message_of(1, is_named);
        messages[index].msg_hdr.msg_iov = parts + index;
    }
    TOLD(sendmmsg(fd, messages, 0, 0));
    TOLD(sendmmsg(fd, messages, 1, 0));
    comes(fd);
    TOLD(sendmmsg(fd, messages, 4, 0));
    for (int index = 0; index < 4; index++)
        told("  msg_len", messages[index].msg_len), comes(fd);
    TOLD(syscall(SYS_sendmmsg, fd, messages, 2, 0));
    comes(fd);
    comes(fd);
    /* The first one that cannot be sent ends it, and is an error where it is the first of all. */
    parts[2] = (struct iovec){bytes, sizeof bytes};
    TOLD(sendmmsg(fd, messages, 4, 0));
    comes(fd);
    comes(fd);
    TOLD(sendmmsg(fd, messages + 2, 2, 0));
}

static void sizes(int fd) {
    static const int lengths[] = {0,    1,    2,    9,    10,   11,    21,    22,    23,    511,   512,
                                  1471, 1472, 1473, 4096, 9000, 16384, 32768, 60000, 65000, 65400};
    for (size_t index = 0; index < sizeof lengths / sizeof *lengths; index++) {
        TOLD(sendto(fd, bytes, lengths[index], 0, &to.any, to.length));
        comes(fd);
    }
    TOLD(sendto(fd, bytes, 65528, 0, &to.any, to.length));
    TOLD(sendto(fd, bytes, sizeof bytes, 0, &to.any, to.length));
}

static void errors(int fd) {
    struct address odd = to;
    TOLD(send(fd, "x", 1, MSG_OOB));
    TOLD(sendto(fd, NULL, 5, 0, &to.any, to.length));
    TOLD(sendto(fd, "x", 1, 0, &to.any, 3));
    TOLD(sendto(fd, "x", 1, 0, &to.any, sizeof to.storage + 1));
    odd.any.sa_family = AF_UNIX;
    TOLD(sendto(fd, "x", 1, 0, &odd.any, to.length));
    odd.any.sa_family = to.any.sa_family;
    odd.v4.sin_port = 0;
    TOLD(sendto(fd, "x", 1, 0, &odd.any, to.length));
    TOLD(sendto(-1, "x", 1, 0, &to.any, to.length));
}

static void flags(int fd) {
    static const int all[] = {MSG_CONFIRM, MSG_NOSIGNAL, MSG_EOR, MSG_DONTWAIT, MSG_TRUNC, MSG_PEEK, MSG_WAITALL};
    for (size_t index = 0; index < sizeof all / sizeof *all; index++) {
        TOLD(sendto(fd, "flags", 5, all[index], &to.any, to.length));
        comes(fd);
    }
}

/* What is sent with MSG_MORE is one datagram with what follows. */
static void continued(int fd) {
    TOLD(sendto(fd, "first ", 6, MSG_MORE, &to.any, to.length));
    TOLD(sendto(fd, "second ", 7, MSG_MORE, &to.any, to.length));
    TOLD(sendto(fd, "third", 5, 0, &to.any, to.length));
    comes(fd);
}

static void connected_only(int fd) {
    parts[0] = (struct iovec){"ab", 2};
    parts[1] = (struct iovec){"", 0};
    parts[2] = (struct iovec){"cdefg", 5};
    TOLD(send(fd, "send", 4, 0));
    comes(fd);
    TOLD(send(fd, "", 0, 0));
    comes(fd);
    TOLD(write(fd, "write", 5));
    comes(fd);
    TOLD(write(fd, "", 0));
    comes(fd);
    TOLD(writev(fd, parts, 3));
    comes(fd);
    TOLD(writev(fd, parts + 1, 1));
    TOLD(pwritev2(fd, parts, 3, -1, 0));
    comes(fd);
    TOLD(pwrite(fd, "x", 1, 0));
    TOLD(sendto(fd, "sendto", 6, 0, NULL, 0));
    comes(fd);
    TOLD(sendto(fd, "sendto", 6, 0, NULL, 99));
    comes(fd);
    TOLD(syscall(SYS_write, fd, "number", 6));
    comes(fd);
    TOLD(syscall(SYS_writev, fd, parts, 3));
    comes(fd);
    TOLD(write(fd, nowhere, 5));
    TOLD(writev(fd, parts, below_zero));
    TOLD(writev(fd, parts, 1025));
}

int main(int count, char **words) {
    begin(count, words);
    int fd = datagram();
    TOLD(send(fd, "x", 1, 0));
    TOLD(write(fd, "x", 1));
    sendmsgs(fd, 1);
    sendmmsgs(fd, 1);
    errors(fd);
    sizes(fd);
    flags(fd);
    continued(fd);
    TOLD(send(fd, "x", 1, 0));
    TOLD(write(fd, "x", 1));
    TOLD(writev(fd, parts, 1));
    TOLD(close(fd));
    fd = connected_datagram();
    connected_only(fd);
    sendmsgs(fd, 0);
    sendmsgs(fd, 1);
    sendmmsgs(fd, 0);
    sizes(fd);
    flags(fd);
    continued(fd);
    TOLD(shutdown(fd, SHUT_WR));
    TOLD(send(fd, "x", 1, MSG_NOSIGNAL));
    TOLD(close(fd));
    TOLD(send(fd, "x", 1, 0));
    return 0;
}
