/* signals HOST PORT: a timer that fires all the time, whose handler connects by itself, disturbs no connect. */
#include "probe.h"
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t fired;
static struct address loopback;

static void on_alarm(int signal) {
    int saved = errno;
    (void)signal;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0) {
        if (connect(fd, &loopback.any, loopback.length) != -1 || errno != ECONNREFUSED)
            _exit(3);
        close(fd);
    }
    fired++;
    errno = saved;
}

int main(int count, char **words) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    CHECK(count == 3);
    loopback = literal("127.0.0.1", 9);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int turn = 0; turn < 50 || !fired; turn++) {
        struct address to = resolved(words[1], atoi(words[2]));
        int fd = stream(&to);
        CHECK(connect(fd, &to.any, to.length) == 0);
        exchange(fd);
        CHECK(close(fd) == 0);
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    return 0;
}
