/* told_options HOST PORT: names, errors, control messages and options of datagram sockets. */
#include "told.h"

static void name(int fd) {
    struct address own = nobody(), other = nobody();
    TOLD(getsockname(fd, &own.any, &own.length));
    printf("  family %d length %d port %s\n", own.any.sa_family, (int)own.length, own.v4.sin_port ? "some" : "none");
    if (TOLD(getpeername(fd, &other.any, &other.length)) == 0)
        told_address(&other);
}

static void number(int fd, const char *option, int level, int which) {
    int value = -1;
    socklen_t length = sizeof value;
    long outcome = getsockopt(fd, level, which, &value, &length);
    told(option, outcome);
    printf("  value %d length %d\n", outcome ? 0 : value, (int)length);
}

#define NUMBER(fd, level, option) number(fd, #option, level, option)

static void connecting(void) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    struct address odd = to;
    int fd = datagram();
    name(fd);
    TOLD(connect(fd, &none, sizeof none));
    TOLD(connect(fd, &to.any, to.length));
    name(fd);
    NUMBER(fd, SOL_SOCKET, SO_ERROR);
    NUMBER(fd, SOL_SOCKET, SO_TYPE);
    NUMBER(fd, SOL_SOCKET, SO_PROTOCOL);
    NUMBER(fd, SOL_SOCKET, SO_DOMAIN);
    NUMBER(fd, SOL_SOCKET, SO_ACCEPTCONN);
    TOLD(send(fd, "one", 3, 0));
    comes(fd);
    name(fd);
    TOLD(connect(fd, &to.any, to.length));
    TOLD(send(fd, "two", 3, 0));
    comes(fd);
    TOLD(connect(fd, &none, sizeof none));
    name(fd);
    TOLD(send(fd, "x", 1, 0));
    TOLD(sendto(fd, "three", 5, 0, &to.any, to.length));
    comes(fd);
    TOLD(connect(fd, &to.any, to.length));
    TOLD(send(fd, "four", 4, 0));
    comes(fd);
    TOLD(connect(fd, &to.any, 3));
    odd.any.sa_family = AF_UNIX;
    TOLD(connect(fd, &odd.any, to.length));
    name(fd);
    TOLD(send(fd, "five", 4, 0));
    comes(fd);
    TOLD(listen(fd, 1));
    TOLD(accept(fd, NULL, NULL));
    TOLD(shutdown(fd, SHUT_RDWR));
    TOLD(close(fd));
    fd = datagram();
    TOLD(shutdown(fd, SHUT_RDWR));
    TOLD(close(fd));
}

static void waiting(void) {
    int fd = connected_datagram(), count = -1;
    TOLD(ioctl(fd, FIONREAD, &count));
    printf("  %d\n", count);
    ask(fd, "twelve bytes", 12);
    TOLD(ioctl(fd, FIONREAD, &count));
    printf("  %d\n", count);
    ask(fd, "seven b", 7);
    TOLD(ioctl(fd, FIONREAD, &count));
    printf("  %d\n", count);
    comes(fd);
    comes(fd);
    ask(fd, "", 0);
    TOLD(ioctl(fd, FIONREAD, &count));
    printf("  %d\n", count);
    comes(fd);
    TOLD(ioctl(fd, FIONREAD, &count));
    printf("  %d\n", count);
    TOLD(ioctl(fd, FIONREAD, NULL));
    TOLD(close(fd));
}

static void switched(int fd, const char *option, int level, int which) {
    int one = 1;
    told(option, setsockopt(fd, level, which, &one, sizeof one));
    number(fd, option, level, which);
}

#define SWITCHED(fd, level, option) switched(fd, #option, level, option)

/* What comes beside the bytes, in a control buffer of this size. */
static void beside(int fd, size_t room) {
    union {
        char bytes[512];
        struct cmsghdr header;
    } control;
    struct iovec part = {got, sizeof got};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room};
    ask(fd, "with control", 12);
    TOLD(recvmsg(fd, &message, 0));
    told_bytes(got, 12);
    printf("  flags %#x controllen %d\n", message.msg_flags, (int)message.msg_controllen);
    for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
        printf("  level %d type %d length %d\n", one->cmsg_level, one->cmsg_type, (int)one->cmsg_len);
}

static void control(void) {
    for (int is_connected = 0; is_connected < 2; is_connected++) {
        int fd = is_connected ? connected_datagram() : datagram();
        SWITCHED(fd, SOL_SOCKET, SO_TIMESTAMP);
        if (to.any.sa_family == AF_INET) {
            SWITCHED(fd, SOL_IP, IP_PKTINFO);
            SWITCHED(fd, SOL_IP, IP_RECVTTL);
            SWITCHED(fd, SOL_IP, IP_RECVTOS);
        } else {
            /* The hop limit is not told of what came by IPv4, as from an IPv4 relay. */
            SWITCHED(fd, SOL_IPV6, IPV6_RECVPKTINFO);
        }
        for (size_t room = 0; room <= 512; room += 64)
            beside(fd, room);
        TOLD(close(fd));
    }
    int fd = datagram();
    SWITCHED(fd, SOL_SOCKET, SO_TIMESTAMPNS);
    SWITCHED(fd, SOL_SOCKET, SO_RXQ_OVFL);
    beside(fd, 512);
    TOLD(close(fd));
}

/* A time limit ends a call that waits, and is told as it was set. */
static void limited(void) {
    int fd = connected_datagram();
    struct timeval limit = {0, 20000}, found;
    socklen_t length = sizeof found;
    ask(fd, "x", 1);
    comes(fd);
    TOLD(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    TOLD(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &found, &length));
    printf("  some %d\n", found.tv_sec == 0 && found.tv_usec >= 20000);
    TOLD(recv(fd, got, sizeof got, 0));
    TOLD(recv(fd, got, sizeof got, MSG_PEEK));
    TOLD(recvfrom(fd, got, sizeof got, 0, NULL, NULL));
    TOLD(read(fd, got, sizeof got));
    TOLD(close(fd));
}

int main(int count, char **words) {
    begin(count, words);
    connecting();
    waiting();
    control();
    limited();
    return 0;
}
