/* parked_data HOST PORT GATE CALL: a call that moves data finds the socket still connecting. Without blocking it fails
 * with EAGAIN, and no byte of it reaches the proxy; a blocking one sleeps until the handshake has ended. */
#include "gate.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static const char line[] = "hello target\n", answer[] = "you said hello target\n";
static char got[64];
static int fd, ends[2], file;

#define LINE (sizeof line - 1)
#define ROOM (sizeof got)

static struct iovec out = {(char *)line, LINE}, in = {got, ROOM};
static struct msghdr outward = {.msg_iov = &out, .msg_iovlen = 1}, inward = {.msg_iov = &in, .msg_iovlen = 1};
static struct mmsghdr outwards[1], inwards[1];

static ssize_t by_read(void) { return read(fd, got, ROOM); }
static ssize_t by_readv(void) { return readv(fd, &in, 1); }
static ssize_t by_recv(void) { return recv(fd, got, ROOM, 0); }
static ssize_t by_recvfrom(void) { return recvfrom(fd, got, ROOM, 0, NULL, NULL); }
static ssize_t by_recvmsg(void) { return recvmsg(fd, &inward, 0); }
static ssize_t by_write(void) { return write(fd, line, LINE); }
static ssize_t by_writev(void) { return writev(fd, &out, 1); }
static ssize_t by_send(void) { return send(fd, line, LINE, MSG_NOSIGNAL); }
static ssize_t by_sendto(void) { return sendto(fd, line, LINE, MSG_NOSIGNAL, NULL, 0); }
static ssize_t by_sendmsg(void) { return sendmsg(fd, &outward, MSG_NOSIGNAL); }
static ssize_t by_splice_out(void) { return splice(ends[0], NULL, fd, NULL, LINE, 0); }

static ssize_t by_recvmmsg(void) {
    inwards[0].msg_hdr = inward;
    int count = recvmmsg(fd, inwards, 1, 0, NULL);
    return count == 1 ? (ssize_t)inwards[0].msg_len : count;
}

static ssize_t by_sendmmsg(void) {
    outwards[0].msg_hdr = outward;
    int count = sendmmsg(fd, outwards, 1, MSG_NOSIGNAL);
    return count == 1 ? (ssize_t)outwards[0].msg_len : count;
}

static ssize_t by_sendfile(void) {
    off_t start = 0;
    return sendfile(fd, file, &start, LINE);
}

static ssize_t by_splice_in(void) {
    ssize_t count = splice(fd, NULL, ends[1], NULL, ROOM, 0);
    return count > 0 ? read(ends[0], got, count) : count;
}

static ssize_t by_read_number(void) { return syscall(SYS_read, fd, got, ROOM); }
static ssize_t by_readv_number(void) { return syscall(SYS_readv, fd, &in, 1); }
static ssize_t by_recvfrom_number(void) { return syscall(SYS_recvfrom, fd, got, ROOM, 0, NULL, NULL); }
static ssize_t by_recvmsg_number(void) { return syscall(SYS_recvmsg, fd, &inward, 0); }
static ssize_t by_write_number(void) { return syscall(SYS_write, fd, line, LINE); }
static ssize_t by_writev_number(void) { return syscall(SYS_writev, fd, &out, 1); }
static ssize_t by_sendto_number(void) { return syscall(SYS_sendto, fd, line, LINE, MSG_NOSIGNAL, NULL, 0); }
static ssize_t by_sendmsg_number(void) { return syscall(SYS_sendmsg, fd, &outward, MSG_NOSIGNAL); }

static ssize_t by_recv_dontwait(void) { return recv(fd, got, ROOM, MSG_DONTWAIT); }
static ssize_t by_send_dontwait(void) { return send(fd, line, LINE, MSG_NOSIGNAL | MSG_DONTWAIT); }
static ssize_t by_preadv2(void) { return preadv2(fd, &in, 1, -1, 0); }
static ssize_t by_pwritev2(void) { return pwritev2(fd, &out, 1, -1, 0); }

struct call {
    const char *name;
    ssize_t (*make)(void);
    enum { RECEIVES, SENDS } what;
};

static const struct call calls[] = {
    {"read", by_read, RECEIVES},          {"readv", by_readv, RECEIVES},
    {"recv", by_recv, RECEIVES},          {"recvfrom", by_recvfrom, RECEIVES},
    {"recvmsg", by_recvmsg, RECEIVES},    {"recvmmsg", by_recvmmsg, RECEIVES},
    {"splice_in", by_splice_in, RECEIVES}, {"write", by_write, SENDS},
    {"writev", by_writev, SENDS},         {"send", by_send, SENDS},
    {"sendto", by_sendto, SENDS},         {"sendmsg", by_sendmsg, SENDS},
    {"sendmmsg", by_sendmmsg, SENDS},     {"sendfile", by_sendfile, SENDS},
    {"splice_out", by_splice_out, SENDS},
};

/* syscall(2). */
static const struct call sends_by_number[] = {
    {"SYS_sendto", by_sendto_number, SENDS},
    {"SYS_sendmsg", by_sendmsg_number, SENDS},
};

static const struct call others_by_number[] = {
    {"SYS_read", by_read_number, RECEIVES},         {"SYS_readv", by_readv_number, RECEIVES},
    {"SYS_recvfrom", by_recvfrom_number, RECEIVES}, {"SYS_recvmsg", by_recvmsg_number, RECEIVES},
    {"SYS_write", by_write_number, SENDS},          {"SYS_writev", by_writev_number, SENDS},
};

static const struct call dontwait[] = {
    {"recv MSG_DONTWAIT", by_recv_dontwait, RECEIVES},
    {"send MSG_DONTWAIT", by_send_dontwait, SENDS},
};

static const struct call with_offset[] = {
    {"preadv2", by_preadv2, RECEIVES},
    {"pwritev2", by_pwritev2, SENDS},
};

#define WOULD_BLOCK(list) would_block(list, sizeof list / sizeof *list)

static void would_block(const struct call *list, size_t count) {
    for (size_t one = 0; one < count; one++) {
        errno = 0;
        ssize_t outcome = list[one].make();
        if (outcome != -1 || errno != EAGAIN) {
            fprintf(stderr, "%s: %zd, %s\n", list[one].name, outcome, strerrorname_np(errno));
            _exit(1);
        }
    }
}

static void check_answer(size_t have) {
    ssize_t part;
    while ((part = recv(fd, got + have, sizeof got - have, 0)) > 0)
        have += part;
    CHECK(have == sizeof answer - 1 && memcmp(got, answer, have) == 0);
}

static const struct call *chosen;
static volatile pid_t caller;

static void *make_it(void *nothing) {
    caller = syscall(SYS_gettid);
    ssize_t count = chosen->make();
    CHECK(gate_is_open);
    CHECK(chosen->what == SENDS ? count == LINE : count > 0);
    check_answer(chosen->what == SENDS ? 0 : (size_t)count);
    return nothing;
}

static void blocks(void) {
    pthread_t thread;
    set_blocking(fd);
    CHECK(pthread_create(&thread, NULL, make_it, NULL) == 0);
    while (!caller)
        a_moment();
    await_sleep(caller);
    for (int turn = 0; turn < 20; turn++)
        a_moment();
    CHECK(!gate_has("rushed"));
    gate_open();
    if (chosen->what == RECEIVES)
        CHECK(send(fd, line, LINE, MSG_NOSIGNAL) == LINE);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(int count, char **words) {
    CHECK(count == 5);
    struct address to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    CHECK(pipe(ends) == 0 && write(ends[1], line, LINE) == LINE);
    file = memfd_create("line", MFD_CLOEXEC);
    CHECK(file >= 0 && write(file, line, LINE) == LINE);
    fd = parked(&to);
    for (size_t one = 0; one < sizeof calls / sizeof *calls; one++)
        if (!strcmp(calls[one].name, words[4]))
            chosen = &calls[one];
    if (chosen) {
        if (!strcmp(chosen->name, "splice_in"))
            CHECK(read(ends[0], got, ROOM) == LINE);
        blocks();
        return 0;
    }
    const char *what = words[4];
    if (!strcmp(what, "sends_by_number"))
        WOULD_BLOCK(sends_by_number);
    else if (!strcmp(what, "others_by_number"))
        WOULD_BLOCK(others_by_number);
    else if (!strcmp(what, "with_offset"))
        WOULD_BLOCK(with_offset);
    else
        WOULD_BLOCK(calls);
    if (!strcmp(what, "dontwait")) {
        set_blocking(fd);
        WOULD_BLOCK(dontwait);
    }
    a_moment();
    gate_open();
    concludes(fd, &to);
    return 0;
}
