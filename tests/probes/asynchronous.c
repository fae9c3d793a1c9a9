/* asynchronous HOST PORT: getaddrinfo_a(3) in both modes, with every way to be told, for names from everywhere; what it finds
 * can be connected to. */
#include "probe.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

static sem_t told;
static int told_value;
static sigset_t mask_of_thread;

static void on_signal(int signal, siginfo_t *about, void *context) {
    (void)signal, (void)context;
    if (about->si_code == SI_ASYNCNL && about->si_pid == getpid() && about->si_uid == getuid()) {
        told_value = about->si_value.sival_int;
        sem_post(&told);
    }
}

static void on_thread(union sigval value) {
    pthread_sigmask(SIG_SETMASK, NULL, &mask_of_thread);
    told_value = value.sival_int;
    sem_post(&told);
}

static void await_done(struct gaicb *request) {
    const struct gaicb *list[] = {request};
    int outcome;
    while (gai_error(request) == EAI_INPROGRESS) {
        outcome = gai_suspend(list, 1, NULL);
        CHECK(outcome == 0 || outcome == EAI_ALLDONE || outcome == EAI_INTR);
    }
}

static void await_told(int value) {
    while (sem_wait(&told) != 0)
        CHECK(errno == EINTR);
    CHECK(told_value == value);
}

static void reach(struct gaicb *request) {
    struct address to;
    await_done(request);
    CHECK(gai_error(request) == 0 && request->ar_result);
    memset(&to, 0, sizeof to);
    memcpy(&to.storage, request->ar_result->ai_addr, request->ar_result->ai_addrlen);
    to.length = request->ar_result->ai_addrlen;
    CHECK(request->ar_result->ai_socktype == SOCK_STREAM);
    exchange(connected(&to));
    freeaddrinfo(request->ar_result);
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, wrong = {.ai_socktype = 77};
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    struct gaicb remote = {.ar_name = words[1], .ar_service = words[2], .ar_request = &hints}, again = remote,
                 numeric = {.ar_name = "192.0.2.9", .ar_service = "80", .ar_request = &hints},
                 local = {.ar_name = "localhost", .ar_service = "80", .ar_request = &hints},
                 passive = {.ar_service = "80", .ar_request = &hints},
                 bad = {.ar_name = words[1], .ar_service = "80", .ar_request = &wrong},
                 impossible = {.ar_name = long_name, .ar_request = &hints};
    struct gaicb *all[] = {&remote, NULL, &numeric, &local, &passive, &bad, &impossible};
    CHECK(sem_init(&told, 0, 0) == 0);

    CHECK(getaddrinfo_a(GAI_WAIT, all, 7, NULL) == 0);
    CHECK(gai_error(&numeric) == 0 && gai_error(&local) == 0 && gai_error(&passive) == 0);
    CHECK(gai_error(&bad) == EAI_SOCKTYPE && gai_error(&impossible) == EAI_NONAME);
    CHECK(((struct sockaddr_in *)numeric.ar_result->ai_addr)->sin_addr.s_addr == inet_addr("192.0.2.9"));
    reach(&remote);

    struct gaicb *one[] = {&again};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 11};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(getaddrinfo_a(GAI_NOWAIT, one, 1, &event) == 0);
    await_told(11);
    reach(&again);

    struct sigevent thread = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 12};
    thread.sigev_notify_function = on_thread;
    CHECK(getaddrinfo_a(GAI_NOWAIT, one, 1, &thread) == 0);
    await_told(12);
    CHECK(!sigismember(&mask_of_thread, SIGUSR1) && !sigismember(&mask_of_thread, SIGINT));
    reach(&again);

    struct sigevent nothing = {.sigev_notify = SIGEV_NONE};
    CHECK(getaddrinfo_a(GAI_NOWAIT, one, 1, &nothing) == 0);
    reach(&again);
    CHECK(gai_cancel(&again) == EAI_ALLDONE);
    CHECK(getaddrinfo_a(GAI_NOWAIT, all + 2, 2, NULL) == 0);
    await_done(&numeric);
    await_done(&local);

    errno = 0;
    CHECK(getaddrinfo_a(7, one, 1, NULL) == EAI_SYSTEM && errno == EINVAL);
    CHECK(getaddrinfo_a(GAI_WAIT, one, 0, NULL) == 0);
    return 0;
}
