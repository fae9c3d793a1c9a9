/* parked_processes HOST PORT GATE WHO: other processes have the connecting socket, too. */
#include "gate.h"
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/wait.h>

extern char **environ;
static struct address to;
static int fd;
static const char *who;

static void await(pid_t child) {
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int is(const char *word) {
    return strcmp(who, word) == 0;
}

/* One process opens the gate when the other is known to find the socket still connecting. */
static void tell(int end) {
    CHECK(write(end, "x", 1) == 1);
}

static void hear(int end) {
    char byte;
    CHECK(read(end, &byte, 1) == 1);
}

static void wait_by_epoll(int end) {
    struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET}, came;
    int set = epoll_create1(0);
    CHECK(set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted) == 0);
    CHECK(epoll_wait(set, &came, 1, 20) == 0);
    tell(end);
    CHECK(epoll_wait(set, &came, 1, -1) == 1);
    CHECK(gate_has("open"));
}

static void child_uses_it(void) {
    int ready[2];
    CHECK(pipe(ready) == 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        CHECK(!is_writable(fd, 0) && pending_error(fd) == 0);
        CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EAGAIN);
        if (is("child_waits_by_epoll"))
            wait_by_epoll(ready[1]);
        else
            tell(ready[1]);
        if (is("child_reads")) {
            set_blocking(fd);
            CHECK(recv(fd, &byte, 1, MSG_PEEK) == 1 && gate_has("open"));
            char got[64];
            ssize_t have = recv(fd, got, sizeof got, MSG_WAITALL);
            CHECK(have == 22 && memcmp(got, "you said hello target\n", have) == 0);
        } else {
            CHECK(is_writable(fd, -1) && gate_has("open"));
            if (is("child_knows_its_peer"))
                concludes(fd, &to);
            else
                succeeds(fd);
        }
        _exit(0);
    }
    hear(ready[0]);
    gate_open();
    if (is("child_reads")) {
        CHECK(is_writable(fd, -1));
        CHECK(send(fd, "hello target\n", 13, MSG_NOSIGNAL) == 13);
    }
    await(child);
}

static void child_closes(void) {
    pid_t child = fork();
    if (child == 0) {
        CHECK(close(fd) == 0);
        _exit(0);
    }
    await(child);
    CHECK(!gate_has("ended") && !is_writable(fd, 0));
    gate_open();
    concludes(fd, &to);
}

/* The handshake is led by the process that began it; while that lives, it is. */
static void parent_closes(void) {
    int ready[2];
    CHECK(pipe(ready) == 0);
    pid_t child = fork();
    if (child == 0) {
        hear(ready[0]);
        CHECK(!gate_has("ended"));
        gate_open();
        succeeds(fd);
        _exit(0);
    }
    CHECK(close(fd) == 0);
    tell(ready[1]);
    await(child);
}

/* A child's own handshake beside its parent's. */
static void child_connects_too(void) {
    pid_t child = fork();
    if (child == 0) {
        int own = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(connect(own, &to.any, to.length) == -1 && errno == EINPROGRESS);
        CHECK(!is_writable(own, 0));
        gate_open();
        concludes(own, &to);
        _exit(0);
    }
    await(child);
    concludes(fd, &to);
}

/* The child borrows our memory and closes everything, as Python's subprocess does. */
static void by_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        for (int number = 3; number < 1024; number++)
            close(number);
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    await(child);
    CHECK(!gate_has("ended") && !is_writable(fd, 0));
    gate_open();
    concludes(fd, &to);
}

static void by_spawn(void) {
    char *words[] = {"true", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions, fd) == 0);
    CHECK(posix_spawn(&child, "/bin/true", &actions, NULL, words, environ) == 0);
    await(child);
    CHECK(!gate_has("ended") && !is_writable(fd, 0));
    gate_open();
    concludes(fd, &to);
}

/* Another program inherits the descriptor while its parent lives. Whether it runs at once or has to wait for the
 * handshake's end is not said here. */
static void exec_inherits(char **words) {
    char number[12];
    snprintf(number, sizeof number, "%d", fd);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "parked_processes", words[1], words[2], words[3], "inherited", number, NULL);
        _exit(1);
    }
    for (int turn = 0; turn < 200 && !gate_has("inherited"); turn++)
        a_moment();
    gate_open();
    await(child);
}

static void inherited(void) {
    char path[512];
    CHECK(!is_writable(fd, 0) || gate_has("open"));
    gate_path(path, sizeof path, "inherited");
    CHECK(mknod(path, S_IFREG | 0600, 0) == 0);
    CHECK(is_writable(fd, -1) && gate_has("open"));
    succeeds(fd);
}

static void pass(int through, int passed) {
    char byte = 'x', space[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    CHECK(sendmsg(through, &message, 0) == 1);
}

static int taken(int through) {
    char byte, space[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    int passed;
    CHECK(recvmsg(through, &message, 0) == 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header && header->cmsg_type == SCM_RIGHTS);
    memcpy(&passed, CMSG_DATA(header), sizeof passed);
    return passed;
}

static int pair[2];
static volatile pid_t passer;

static void *pass_it(void *nothing) {
    passer = syscall(SYS_gettid);
    pass(pair[0], fd);
    return nothing;
}

/* A process that never knew of the socket gets it by SCM_RIGHTS; it may have to wait for the handshake's end. */
static void passed_on(void) {
    pthread_t thread;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    pid_t child = fork();
    if (child == 0) {
        int got = taken(pair[1]);
        CHECK(is_writable(got, -1) && gate_has("open"));
        succeeds(got);
        _exit(0);
    }
    fd = parked(&to);
    CHECK(pthread_create(&thread, NULL, pass_it, NULL) == 0);
    while (!passer)
        a_moment();
    for (int turn = 0; turn < 50; turn++)
        a_moment();
    gate_open();
    CHECK(pthread_join(thread, NULL) == 0);
    await(child);
}

int main(int count, char **words) {
    CHECK(count >= 5);
    gate_directory = words[3];
    who = words[4];
    if (count == 6) {
        fd = atoi(words[5]);
        inherited();
        return 0;
    }
    to = resolved(words[1], atoi(words[2]));
    if (is("passed_on")) {
        passed_on();
        return 0;
    }
    fd = parked(&to);
    if (is("child_closes"))
        child_closes();
    else if (is("parent_closes"))
        parent_closes();
    else if (is("child_connects_too"))
        child_connects_too();
    else if (is("vfork"))
        by_vfork();
    else if (is("posix_spawn"))
        by_spawn();
    else if (is("exec_inherits"))
        exec_inherits(words);
    else
        child_uses_it();
    return 0;
}
