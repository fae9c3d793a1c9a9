/* called_processes HOST PORT MODE: a listener that belongs to a connection is called back where several processes have it. */
#include "callback.h"
#include <sys/wait.h>

static int control;

static void ends(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* A forked child takes the call. */
static void forked(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        take(fd);
        _exit(0);
    }
    CHECK(call(control, &own));
    ends(child);
}

/* A forked child closes what it does not need, and the parent takes the call. */
static void child_leaves(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(fd);
        _exit(0);
    }
    ends(child);
    CHECK(call(control, &own));
    take(fd);
}

/* The parent closes the listener, and the child takes the call. */
static void parent_leaves(void) {
    int fd = listener_like(control), gate[2];
    struct address own = name(fd);
    char byte;
    CHECK(pipe(gate) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(read(gate[0], &byte, 1) == 1);
        CHECK(call(control, &own));
        take(fd);
        _exit(0);
    }
    CHECK(close(fd) == 0);
    CHECK(write(gate[1], "", 1) == 1);
    ends(child);
}

/* A child that runs on our memory closes everything, as Python's subprocess does: its descriptors, not ours. */
static void vforked(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pid_t child = vfork();
    CHECK(child >= 0);
    if (child == 0) {
        for (int other = 3; other < 1100; other++)
            close(other);
        _exit(0);
    }
    ends(child);
    CHECK(call(control, &own));
    take(fd);
}

/* Another program inherits the listener, and the one that asked still takes the call. */
static void executed(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execl("/bin/true", "true", NULL);
        _exit(2);
    }
    ends(child);
    CHECK(call(control, &own));
    take(fd);
}

static const struct mode modes[] = {
    {"forked", forked},
    {"child_leaves", child_leaves},
    {"parent_leaves", parent_leaves},
    {"vforked", vforked},
    {"executed", executed},
};

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    control = connected(&to);
    run(words[3], modes, sizeof modes / sizeof *modes);
    return 0;
}
