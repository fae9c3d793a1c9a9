/* udp HOST PORT: datagrams to an echo service and back, by every call, as they go without a proxy. */
#include "probe.h"
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static struct address to;
static char buffer[70000], bytes[70000];

static int datagram(void) {
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    struct timeval limit = {20, 0};
    CHECK(fd >= 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    return fd;
}

static int connected_datagram(void) {
    int fd = datagram();
    CHECK(connect(fd, &to.any, to.length) == 0);
    struct address found = peer(fd);
    CHECK(same(&found, &to));
    return fd;
}

/* Receives one datagram from the target and checks it. */
static void comes(int fd, const void *expected, ssize_t length) {
    struct address from;
    memset(&from, 0, sizeof from);
    from.length = sizeof from.storage;
    memset(buffer, 'Z', length + 32);
    CHECK(recvfrom(fd, buffer, sizeof buffer, 0, &from.any, &from.length) == length);
    CHECK(memcmp(buffer, expected, length) == 0);
    CHECK(same(&from, &to) && from.length == to.length);
}

static void unconnected(void) {
    int fd = datagram();
    CHECK(send(fd, "x", 1, 0) == -1 && errno == EDESTADDRREQ);
    for (size_t length = 0; length <= 60000; length = length * 7 + 1) {
        CHECK(sendto(fd, bytes, length, 0, &to.any, to.length) == (ssize_t)length);
        comes(fd, bytes, length);
    }
    CHECK(sendto(fd, bytes, 65528, 0, &to.any, to.length) == -1 && errno == EMSGSIZE);
    CHECK(syscall(SYS_sendto, fd, "number", 6, 0, &to.any, to.length) == 6);
    CHECK(syscall(SYS_recvfrom, fd, buffer, sizeof buffer, 0, NULL, NULL) == 6 && !memcmp(buffer, "number", 6));
    CHECK(recv(fd, buffer, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    CHECK(close(fd) == 0);
}

static void looked_at(void) {
    int fd = datagram(), waiting;
    CHECK(sendto(fd, "0123456789abcdef", 16, 0, &to.any, to.length) == 16);
    CHECK(recv(fd, buffer, 4, MSG_PEEK) == 4 && !memcmp(buffer, "0123", 4));
    CHECK(recv(fd, buffer, 4, MSG_PEEK | MSG_TRUNC) == 16);
    CHECK(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 16);
    struct iovec part = {buffer, 5};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK(recvmsg(fd, &message, 0) == 5 && message.msg_flags == MSG_TRUNC && message.msg_namelen == 0);
    CHECK(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0);
    CHECK(sendto(fd, "whole", 5, 0, &to.any, to.length) == 5);
    CHECK(recvmsg(fd, &message, MSG_TRUNC) == 5 && message.msg_flags == 0);
    CHECK(close(fd) == 0);
}

static void connected_calls(void) {
    int fd = connected_datagram();
    char first[3], second[4];
    struct iovec in[] = {{first, 3}, {NULL, 0}, {second, 4}}, out[] = {{"ab", 2}, {"", 0}, {"cdefg", 5}};
    CHECK(send(fd, "send", 4, 0) == 4);
    comes(fd, "send", 4);
    CHECK(write(fd, "write", 5) == 5);
    CHECK(read(fd, buffer, sizeof buffer) == 5 && !memcmp(buffer, "write", 5));
    CHECK(writev(fd, out, 3) == 7);
    CHECK(readv(fd, in, 3) == 7 && !memcmp(first, "abc", 3) && !memcmp(second, "defg", 4));
    CHECK(pwritev2(fd, out, 3, -1, 0) == 7);
    CHECK(preadv2(fd, in, 3, -1, 0) == 7 && !memcmp(second, "defg", 4));
    CHECK(syscall(SYS_write, fd, "number", 6) == 6);
    CHECK(syscall(SYS_read, fd, buffer, sizeof buffer) == 6 && !memcmp(buffer, "number", 6));
    CHECK(sendto(fd, "named", 5, 0, &to.any, to.length) == 5);
    comes(fd, "named", 5);
    CHECK(send(fd, "", 0, 0) == 0);
    comes(fd, "", 0);
    int copy = dup(fd);
    CHECK(close(fd) == 0);
    CHECK(send(copy, "copy", 4, 0) == 4);
    comes(copy, "copy", 4);
    int outcome;
    socklen_t length = sizeof outcome;
    CHECK(getsockopt(copy, SOL_SOCKET, SO_ERROR, &outcome, &length) == 0 && outcome == 0);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    CHECK(connect(copy, &nobody, sizeof nobody) == 0);
    struct address found = {.length = sizeof found.storage};
    CHECK(getpeername(copy, &found.any, &found.length) == -1 && errno == ENOTCONN);
    CHECK(send(copy, "x", 1, 0) == -1 && errno == EDESTADDRREQ);
    CHECK(sendto(copy, "again", 5, 0, &to.any, to.length) == 5);
    comes(copy, "again", 5);
    CHECK(close(copy) == 0);
}

static void several(void) {
    int fd = datagram();
    char text[3][8] = {"one", "three", ""};
    struct iovec parts[3];
    struct mmsghdr messages[3];
    struct address from[3];
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < 3; index++) {
        parts[index] = (struct iovec){text[index], strlen(text[index])};
        messages[index].msg_hdr =
            (struct msghdr){.msg_name = &to.storage, .msg_namelen = to.length, .msg_iov = &parts[index], .msg_iovlen = 1};
    }
    CHECK(sendmmsg(fd, messages, 3, 0) == 3);
    CHECK(messages[0].msg_len == 3 && messages[1].msg_len == 5 && messages[2].msg_len == 0);
    for (int index = 0; index < 3; index++) {
        memset(text[index], 'Z', sizeof text[index]);
        parts[index].iov_len = sizeof text[index];
        messages[index].msg_hdr.msg_name = &from[index].storage;
        messages[index].msg_hdr.msg_namelen = sizeof from[index].storage;
    }
    CHECK(recvmmsg(fd, messages, 3, 0, NULL) == 3);
    CHECK(messages[0].msg_len == 3 && messages[1].msg_len == 5 && messages[2].msg_len == 0);
    CHECK(!memcmp(text[0], "oneZ", 4) && !memcmp(text[1], "threeZ", 6) && same(&from[2], &to));
    CHECK(recvmmsg(fd, messages, 3, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN);
    CHECK(close(fd) == 0);
}

/* What is sent before there is an association goes out in order. */
static void without_blocking(void) {
    int fd = connected_datagram();
    char text[8];
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    CHECK(recv(fd, text, sizeof text, 0) == -1 && errno == EAGAIN);
    for (int index = 0; index < 20; index++) {
        sprintf(text, "%d", index);
        CHECK(send(fd, text, strlen(text) + 1, 0) == (ssize_t)strlen(text) + 1);
    }
    for (int index = 0; index < 20; index++) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        CHECK(poll(&entry, 1, 20000) == 1 && entry.revents == POLLIN);
        CHECK(recv(fd, text, sizeof text, 0) > 0 && atoi(text) == index);
    }
    CHECK(close(fd) == 0);
}

/* One message that is cut into datagrams of one size, as QUIC sends. */
static void cut(void) {
    int fd = connected_datagram(), size = 100, found;
    socklen_t length = sizeof found;
    CHECK(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0);
    CHECK(getsockopt(fd, SOL_UDP, UDP_SEGMENT, &found, &length) == 0 && found == 100);
    CHECK(send(fd, bytes, 250, 0) == 250);
    comes(fd, bytes, 100);
    comes(fd, bytes + 100, 100);
    comes(fd, bytes + 200, 50);
    size = 0;
    CHECK(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0);
    union {
        char room[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr header;
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT}};
    uint16_t part = 60;
    memcpy(CMSG_DATA(&control.header), &part, sizeof part);
    struct iovec parts[] = {{bytes, 80}, {bytes + 80, 40}};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.room, .msg_controllen = sizeof control.room};
    CHECK(sendmsg(fd, &message, 0) == 120);
    comes(fd, bytes, 60);
    comes(fd, bytes + 60, 60);
    CHECK(send(fd, "in ", 3, MSG_MORE) == 3 && send(fd, "parts", 5, 0) == 5);
    comes(fd, "in parts", 8);
    CHECK(close(fd) == 0);
}

/* A forked child goes on with the socket, and so does its parent. */
static void inherited(void) {
    int fd = datagram(), status;
    CHECK(sendto(fd, "both", 4, 0, &to.any, to.length) == 4);
    comes(fd, "both", 4);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(sendto(fd, "child", 5, 0, &to.any, to.length) == 5);
        comes(fd, "child", 5);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(sendto(fd, "parent", 6, 0, &to.any, to.length) == 6);
    comes(fd, "parent", 6);
    CHECK(close(fd) == 0);
}

static atomic_int waiting;

static void *waits(void *fd) {
    char text[64];
    struct address from = {.length = sizeof from.storage};
    waiting = gettid();
    CHECK(recvfrom(*(int *)fd, text, sizeof text, 0, &from.any, &from.length) == 5 && !memcmp(text, "first", 5));
    CHECK(same(&from, &to));
    waiting = -gettid();
    CHECK(recv(*(int *)fd, text, sizeof text, 0) == 6 && !memcmp(text, "second", 6));
    return NULL;
}

/* Until a thread sleeps in the kernel. */
static void await_sleep(int thread) {
    char path[64], line[256] = "", *state = NULL;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    while (!state || state[2] != 'S') {
        FILE *file = fopen(path, "r");
        CHECK(file && fgets(line, sizeof line, file));
        fclose(file);
        state = strrchr(line, ')');
    }
}

/* Who waits before anything was sent hears the answer. */
static void answered_late(void) {
    struct address any = literal(to.any.sa_family == AF_INET ? "0.0.0.0" : "::", 0);
    int fd = datagram();
    pthread_t thread;
    CHECK(bind(fd, &any.any, any.length) == 0);
    CHECK(pthread_create(&thread, NULL, waits, &fd) == 0);
    while (waiting == 0)
        ;
    await_sleep(waiting);
    CHECK(sendto(fd, "first", 5, 0, &to.any, to.length) == 5);
    while (waiting > 0)
        ;
    await_sleep(-waiting);
    CHECK(sendto(fd, "second", 6, 0, &to.any, to.length) == 6);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(close(fd) == 0);
}

/* A socket may talk to this machine and to others; nobody hears what is for another. */
static void mixed(void) {
    int fd = datagram(), here = socket(AF_INET, SOCK_DGRAM, 0);
    struct address loopback = literal("127.0.0.1", 0), found = {.length = sizeof found.storage};
    if (to.any.sa_family != AF_INET)
        return;
    CHECK(bind(here, &loopback.any, loopback.length) == 0);
    CHECK(getsockname(here, &loopback.any, &loopback.length) == 0);
    CHECK(sendto(fd, "far", 3, 0, &to.any, to.length) == 3);
    comes(fd, "far", 3);
    CHECK(sendto(fd, "near", 4, 0, &loopback.any, loopback.length) == 4);
    CHECK(recvfrom(here, buffer, sizeof buffer, 0, &found.any, &found.length) == 4 && !memcmp(buffer, "near", 4));
    CHECK(sendto(here, "back", 4, 0, &found.any, found.length) == 4);
    found.length = sizeof found.storage;
    CHECK(recvfrom(fd, buffer, sizeof buffer, 0, &found.any, &found.length) == 4 && !memcmp(buffer, "back", 4));
    CHECK(same(&found, &loopback));
    CHECK(close(fd) == 0 && close(here) == 0);
}

/* The time limit of a socket ends a call that waits. */
static void limited(void) {
    int fd = connected_datagram();
    struct timeval limit = {0, 1000};
    CHECK(send(fd, "x", 1, 0) == 1);
    comes(fd, "x", 1);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(recv(fd, buffer, sizeof buffer, 0) == -1 && errno == EAGAIN);
    CHECK(close(fd) == 0);
}

int main(int count, char **words) {
    CHECK(count == 3);
    to = resolved(words[1], atoi(words[2]));
    for (size_t index = 0; index < sizeof bytes; index++)
        bytes[index] = index * 31 % 251;
    unconnected();
    looked_at();
    connected_calls();
    several();
    without_blocking();
    cut();
    inherited();
    answered_late();
    mixed();
    limited();
    return 0;
}
