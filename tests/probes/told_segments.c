/* told_segments HOST PORT: many datagrams by one call, as programs with QUIC send them. */
#include "told.h"

static void all_come(int fd, int count) {
    while (count--)
        comes(fd);
}

static int by_control(int fd, size_t length, unsigned short segment, int is_named) {
    union {
        char bytes[CMSG_SPACE(sizeof segment)];
        struct cmsghdr header;
    } control = {.header = {.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof segment)}};
    memcpy(CMSG_DATA(&control.header), &segment, sizeof segment);
    struct iovec parts[] = {{bytes, length / 3}, {bytes + length / 3, length - length / 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof control};
    if (is_named) {
        message.msg_name = &to.storage;
        message.msg_namelen = to.length;
    }
    return sendmsg(fd, &message, 0);
}

static void segments(int fd, int is_named) {
    int segment = 100, none = 0, found = -1;
    socklen_t length = sizeof found;
    TOLD(by_control(fd, 1000, 300, is_named));
    all_come(fd, 4);
    TOLD(by_control(fd, 300, 300, is_named));
    all_come(fd, 1);
    TOLD(by_control(fd, 7000, 1200, is_named));
    all_come(fd, 6);
    TOLD(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment));
    TOLD(getsockopt(fd, SOL_UDP, UDP_SEGMENT, &found, &length));
    printf("  value %d\n", found);
    TOLD(sendto(fd, bytes, 250, 0, is_named ? &to.any : NULL, is_named ? to.length : 0));
    all_come(fd, 3);
    TOLD(sendto(fd, bytes, 100, 0, is_named ? &to.any : NULL, is_named ? to.length : 0));
    all_come(fd, 1);
    TOLD(by_control(fd, 250, 200, is_named));
    all_come(fd, 2);
    TOLD(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof none));
    TOLD(sendto(fd, bytes, 250, 0, is_named ? &to.any : NULL, is_named ? to.length : 0));
    all_come(fd, 1);
}

/* Datagrams of one size may come in one piece; how many do is the network's business. */
static void coalesced(int fd) {
    int one = 1, found = -1, sum = 0;
    socklen_t length = sizeof found;
    TOLD(setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof one));
    TOLD(getsockopt(fd, SOL_UDP, UDP_GRO, &found, &length));
    printf("  value %d\n", found);
    TOLD(by_control(fd, 1000, 250, 1));
    while (sum < 1000) {
        ssize_t some = recv(fd, got, sizeof got, 0);
        CHECK(some > 0 && some % 250 == 0 && memcmp(got, bytes + sum, some) == 0);
        sum += some;
    }
    printf("  all of it\n");
}

int main(int count, char **words) {
    begin(count, words);
    for (int is_connected = 0; is_connected < 2; is_connected++) {
        int fd = is_connected ? connected_datagram() : datagram();
        segments(fd, !is_connected);
        coalesced(fd);
        TOLD(close(fd));
    }
    return 0;
}
