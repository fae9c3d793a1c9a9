/* told_receives HOST PORT: every call that receives a datagram, with every flag and buffers of every size. */
#include "told.h"

ssize_t __recv_chk(int fd, void *buffer, size_t length, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t length, size_t room, int flags, struct sockaddr *from,
                       socklen_t *name_length);
ssize_t __read_chk(int fd, void *buffer, size_t length, size_t room);

static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* A receive into `room` bytes; what lies behind them has to stay as it is. */
static void into(int fd, size_t room, int flags) {
    printf("room %zu flags %#x\n", room, flags);
    memset(got, '#', 100);
    struct address from = nobody();
    told("recvfrom", recvfrom(fd, got, room, flags, &from.any, &from.length));
    told_bytes(got, 100);
    told_address(&from);
}

static void flags(int fd) {
    static const size_t rooms[] = {0, 1, 9, 10, 35, 36, 37, 90};
    for (size_t index = 0; index < sizeof rooms / sizeof *rooms; index++) {
        size_t room = rooms[index];
        ask(fd, text, 36);
        into(fd, room, MSG_PEEK);
        into(fd, room, MSG_PEEK | MSG_TRUNC);
        into(fd, room, MSG_TRUNC | MSG_DONTWAIT);
        ask(fd, text, 36);
        into(fd, room, MSG_WAITALL);
        ask(fd, "", 0);
        into(fd, room, MSG_PEEK | MSG_TRUNC);
        into(fd, room, 0);
    }
    into(fd, 9, MSG_DONTWAIT);
    into(fd, 9, MSG_DONTWAIT | MSG_PEEK);
    into(fd, 9, MSG_ERRQUEUE);
    into(fd, 9, MSG_OOB | MSG_DONTWAIT);
    told("recv", recv(fd, NULL, 0, MSG_DONTWAIT));
}

static void plain_calls(int fd) {
    char first[3], second[5];
    struct iovec parts[] = {{first, 3}, {NULL, 0}, {second, 5}};
    ask(fd, text, 36);
    TOLD(recv(fd, got, sizeof got, 0));
    told_bytes(got, 36);
    ask(fd, text, 36);
    TOLD(read(fd, got, 0));
    TOLD(read(fd, got, 7));
    told_bytes(got, 7);
    ask(fd, text, 36);
    TOLD(readv(fd, parts + 1, 1));
    TOLD(readv(fd, parts, 3));
    told_bytes(first, 3);
    told_bytes(second, 5);
    ask(fd, text, 36);
    TOLD(preadv2(fd, parts, 3, -1, 0));
    TOLD(pread(fd, got, 7, 0));
    ask(fd, text, 36);
    TOLD(__recv_chk(fd, got, 20, sizeof got, 0));
    ask(fd, text, 36);
    struct address from = nobody();
    TOLD(__recvfrom_chk(fd, got, 20, sizeof got, 0, &from.any, &from.length));
    told_address(&from);
    ask(fd, text, 36);
    TOLD(__read_chk(fd, got, 20, sizeof got));
    ask(fd, text, 36);
    TOLD(syscall(SYS_recvfrom, fd, got, 20, MSG_TRUNC, NULL, NULL));
    ask(fd, text, 36);
    TOLD(syscall(SYS_read, fd, got, 20));
    ask(fd, text, 36);
    TOLD(recv(fd, nowhere, 5, 0));
    ask(fd, "", 0);
    TOLD(read(fd, got, 20));
}

/* What recvfrom and recvmsg say of the sender, and where. */
static void senders(int fd) {
    struct address from = nobody();
    for (socklen_t length = 0; length <= 32; length += 4) {
        memset(&from, '#', sizeof from.storage);
        from.length = length;
        ask(fd, text, 36);
        TOLD(recvfrom(fd, got, sizeof got, 0, &from.any, &from.length));
        printf("  length %d behind %c\n", (int)from.length, ((char *)&from.storage)[length]);
    }
    from.length = -1;
    ask(fd, text, 36);
    TOLD(recvfrom(fd, got, sizeof got, MSG_DONTWAIT, &from.any, &from.length));
    while (recv(fd, got, 1, MSG_DONTWAIT) >= 0)
        printf("  it was still there\n");
    ask(fd, text, 36);
    TOLD(recvfrom(fd, got, sizeof got, 0, NULL, &from.length));
}

static void messages(int fd) {
    char first[4], second[30];
    struct iovec parts[] = {{first, 4}, {second, 30}};
    struct address from = nobody();
    for (int count = 0; count <= 2; count++)
        for (int is_named = 0; is_named < 2; is_named++) {
            struct msghdr message = {.msg_iov = parts, .msg_iovlen = count, .msg_flags = -1};
            if (is_named) {
                from = nobody();
                message.msg_name = &from.storage;
                message.msg_namelen = sizeof from.storage;
            }
            ask(fd, text, 36);
            TOLD(recvmsg(fd, &message, MSG_PEEK));
            TOLD(recvmsg(fd, &message, count ? 0 : MSG_TRUNC));
            printf("  flags %#x namelen %d controllen %d\n", message.msg_flags, (int)message.msg_namelen,
                   (int)message.msg_controllen);
            told_bytes(first, 4);
        }
    ask(fd, text, 36);
    TOLD(recvmsg(fd, NULL, MSG_DONTWAIT));
    TOLD(recv(fd, got, sizeof got, MSG_DONTWAIT));
}

static void several(int fd) {
    static char room[4][40];
    static struct address from[4];
    struct iovec parts[4];
    struct mmsghdr all[4];
    struct timespec none = {0, 0}, some = {20, 0}, odd = {0, 1000000000}, below = {-1, 0};
    memset(all, 0, sizeof all);
    for (int index = 0; index < 4; index++) {
        parts[index] = (struct iovec){room[index], 10 * index};
        all[index].msg_hdr = (struct msghdr){
            .msg_name = &from[index].storage, .msg_namelen = sizeof from[index].storage, .msg_iov = parts + index, .msg_iovlen = 1};
    }
    TOLD(recvmmsg(fd, all, 4, MSG_DONTWAIT, NULL));
    TOLD(recvmmsg(fd, all, 4, 0, &odd));
    TOLD(recvmmsg(fd, all, 4, 0, &below));
    for (int length = 1; length <= 3; length++)
        CHECK(sendto(fd, text, length * 8, 0, &to.any, to.length) == length * 8);
    TOLD(recvmmsg(fd, all, 3, 0, &some));
    for (int index = 0; index < 3; index++) {
        told("  msg_len", all[index].msg_len);
        printf("  flags %#x from target %d\n", all[index].msg_hdr.msg_flags, same(&from[index], &to));
        told_bytes(room[index], all[index].msg_len);
    }
    ask(fd, text, 36);
    TOLD(recvmmsg(fd, all, 4, MSG_WAITFORONE, NULL));
    ask(fd, text, 36);
    TOLD(recvmmsg(fd, all, 4, MSG_WAITFORONE | MSG_TRUNC | MSG_PEEK, &none));
    told("  msg_len", all[0].msg_len);
    TOLD(recvmmsg(fd, all, 1, 0, &none));
    ask(fd, text, 36);
    TOLD(recvmmsg(fd, all, 4, 0, &none));
    ask(fd, text, 36);
    TOLD(syscall(SYS_recvmmsg, fd, all, 1, 0, NULL));
    TOLD(recvmmsg(fd, all, 0, 0, NULL));
}

int main(int count, char **words) {
    begin(count, words);
    for (int is_connected = 0; is_connected < 2; is_connected++) {
        int fd = is_connected ? connected_datagram() : datagram();
        flags(fd);
        plain_calls(fd);
        senders(fd);
        messages(fd);
        several(fd);
        TOLD(shutdown(fd, SHUT_RD));
        TOLD(recv(fd, got, 1, MSG_DONTWAIT));
        TOLD(close(fd));
    }
    return 0;
}
