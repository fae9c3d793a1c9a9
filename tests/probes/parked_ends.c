/* parked_ends HOST PORT GATE HOW: the application gives a connecting socket up, or some of its descriptors, or all it
 * has; whatever takes a number's place is not written to. */
#include "gate.h"
#include <signal.h>
#include <sys/wait.h>

static struct address to;
static int fd, descriptors;

/* The proxy sees the end of the connection. */
static void is_given_up(void) {
    gate_await("ended");
}

static void goes_on(int copy) {
    CHECK(!gate_has("ended"));
    gate_open();
    concludes(copy, &to);
}

static void by_shutdown(void) {
    CHECK(shutdown(fd, SHUT_RDWR) == 0);
    is_given_up();
    CHECK(is_writable(fd, -1));
    CHECK(pending_error(fd) == ECONNRESET);
    CHECK(pending_error(fd) == 0);
    CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
}

static void by_close(void) {
    CHECK(close(fd) == 0);
    is_given_up();
}

/* fclose passes by no symbol of ours: the number is another file's, and the handshake ends for nobody. */
static void by_fclose(void) {
    FILE *stream = fdopen(fd, "r+");
    CHECK(stream && fclose(stream) == 0);
    int file = memfd_create("file", MFD_CLOEXEC);
    CHECK(file == fd);
    CHECK(is_writable(file, 0));
    gate_open();
    while (open_descriptors() > descriptors)
        a_moment();
    CHECK(lseek(file, 0, SEEK_END) == 0 && close(file) == 0);
}

static void copy_survives(void) {
    int copy = dup(fd), third = dup3(copy, 77, O_CLOEXEC);
    CHECK(close(fd) == 0 && close(third) == 0);
    CHECK(!is_writable(copy, 0) && pending_error(copy) == 0);
    CHECK(send(copy, "x", 1, MSG_NOSIGNAL) == -1 && errno == EAGAIN);
    goes_on(copy);
}

static void copies_closed(void) {
    int copy = dup(fd);
    CHECK(close(fd) == 0);
    CHECK(close(copy) == 0);
    is_given_up();
}

static void fcntl_copy(void) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100), other = fcntl(fd, F_DUPFD, 200);
    CHECK(copy >= 100 && other >= 200);
    CHECK(close(fd) == 0);
    CHECK(!is_writable(copy, 0) && !is_writable(other, 0));
    CHECK(write(other, "x", 1) == -1 && errno == EAGAIN);
    CHECK(close(other) == 0);
    goes_on(copy);
}

/* The number is another file's now. */
static void dup2_over(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(dup2(ends[1], fd) == fd);
    is_given_up();
    CHECK(write(fd, "x", 1) == 1);
}

static void dup2_of_plain_over(void) {
    int copy = dup(fd), plain = stream(&to);
    CHECK(dup2(plain, fd) == fd);
    CHECK(is_writable(fd, 0));
    CHECK(!is_writable(copy, 0));
    goes_on(copy);
}

static void by_dissolving(void) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    CHECK(connect(fd, &none, sizeof none) == 0);
    is_given_up();
    struct address seen = {.length = sizeof seen.storage};
    CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
}

static void reuse_file(void) {
    CHECK(!is_writable(fd, 1));
    CHECK(close(fd) == 0);
    int file = memfd_create("file", MFD_CLOEXEC);
    CHECK(file == fd);
    is_given_up();
    gate_open();
    CHECK(is_writable(file, 0));
    CHECK(lseek(file, 0, SEEK_END) == 0);
}

static void reuse_pipe(void) {
    int ends[2];
    char byte;
    CHECK(!is_writable(fd, 1));
    CHECK(close(fd) == 0);
    CHECK(pipe2(ends, O_NONBLOCK) == 0 && ends[0] == fd);
    is_given_up();
    gate_open();
    CHECK(read(ends[0], &byte, 1) == -1 && errno == EAGAIN);
    CHECK(write(ends[1], "p", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'p');
}

/* A new connection under the old number is a connection of its own. */
static void reuse_socket(void) {
    CHECK(!is_writable(fd, 1));
    CHECK(close(fd) == 0);
    int again = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(again == fd);
    CHECK(connect(again, &to.any, to.length) == -1 && errno == EINPROGRESS);
    CHECK(!is_writable(again, 0));
    is_given_up();
    gate_open();
    concludes(again, &to);
}

/* What a daemon does: our own descriptors, if any, are among those closed. */
static void closed_around(const char *how) {
    CHECK(dup2(fd, 3) == 3);
    if (fd != 3)
        CHECK(close(fd) == 0);
    if (!strcmp(how, "closefrom"))
        closefrom(4);
    else if (!strcmp(how, "close_range"))
        CHECK(close_range(4, ~0U, 0) == 0);
    else
        for (int number = 4; number < 65536; number++)
            close(number);
    int taken[6];
    for (int one = 0; one < 6; one++)
        CHECK((taken[one] = memfd_create("taken", 0)) >= 0);
    CHECK(!is_writable(3, 0));
    goes_on(3);
    for (int one = 0; one < 6; one++)
        CHECK(lseek(taken[one], 0, SEEK_END) == 0);
}

static void by_exec(void) {
    char path[512];
    CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    gate_path(path, sizeof path, "ended");
    execl("/bin/sh", "sh", "-c", "until [ -e \"$0\" ]; do sleep 0.01; done", path, NULL);
    CHECK(!"exec");
}

/* A process that ends in the middle leaves nothing behind. */
static void by_exit(void) {
    pid_t child = fork();
    int status;
    if (child == 0)
        exit(0);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(!gate_has("ended"));
    exit(0);
}

static const struct {
    const char *name;
    void (*run)(void);
} ends[] = {
    {"shutdown", by_shutdown},
    {"close", by_close},
    {"fclose", by_fclose},
    {"copy_survives", copy_survives},
    {"copies_closed", copies_closed},
    {"fcntl_copy", fcntl_copy},
    {"dup2_over", dup2_over},
    {"dup2_of_plain_over", dup2_of_plain_over},
    {"dissolve", by_dissolving},
    {"reuse_file", reuse_file},
    {"reuse_pipe", reuse_pipe},
    {"reuse_socket", reuse_socket},
    {"exec", by_exec},
    {"exit", by_exit},
};

int main(int count, char **words) {
    CHECK(count == 5);
    to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    descriptors = open_descriptors() + 1;
    fd = parked(&to);
    for (size_t one = 0; one < sizeof ends / sizeof *ends; one++)
        if (!strcmp(ends[one].name, words[4])) {
            ends[one].run();
            return 0;
        }
    closed_around(words[4]);
    return 0;
}
