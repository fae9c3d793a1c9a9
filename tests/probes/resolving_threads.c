/* resolving_threads HOST PORT: many threads look names up by different entries at once, while children are forked that do the
 * same: each name has one address everywhere, and nobody crashes or hangs. */
#include "probe.h"
#include <arpa/nameser.h>
#include <pthread.h>
#include <resolv.h>
#include <stdint.h>
#include <sys/wait.h>

enum { THREADS = 12, ROUNDS = 150, NAMES = 40, CHILDREN = 20 };

static _Atomic uint32_t known[NAMES];

/* The first address of a name is remembered; every later one has to be the same. */
static void check(unsigned number, const void *address) {
    uint32_t found, none = 0;
    memcpy(&found, address, sizeof found);
    CHECK(found != 0);
    if (!__atomic_compare_exchange_n((uint32_t *)&known[number], &none, found, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        CHECK(none == found);
}

static void by_getaddrinfo(unsigned number, const char *name) {
    struct addrinfo hints = {.ai_family = AF_INET}, *list;
    CHECK(getaddrinfo(name, "80", &hints, &list) == 0);
    check(number, &((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr);
    freeaddrinfo(list);
}

static void by_gethostbyname(unsigned number, const char *name) {
    struct hostent result, *found;
    char buffer[1024], back[NI_MAXHOST];
    int error;
    CHECK(gethostbyname_r(name, &result, buffer, sizeof buffer, &found, &error) == 0 && found);
    check(number, found->h_addr_list[0]);
    struct sockaddr_in at = {.sin_family = AF_INET};
    memcpy(&at.sin_addr, found->h_addr_list[0], 4);
    CHECK(getnameinfo((struct sockaddr *)&at, sizeof at, back, sizeof back, NULL, 0, NI_NAMEREQD) == 0);
    CHECK(!strcmp(back, name));
}

static void by_query(unsigned number, const char *name) {
    unsigned char query[512], answer[1024];
    struct __res_state state;
    ns_msg message;
    ns_rr record;
    memset(&state, 0, sizeof state);
    CHECK(res_ninit(&state) == 0);
    int length = res_nmkquery(&state, ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0 && (length = res_nsend(&state, query, length, answer, sizeof answer)) > 0);
    CHECK(ns_initparse(answer, length, &message) == 0 && ns_parserr(&message, ns_s_an, 0, &record) == 0);
    CHECK(ns_rr_rdlen(record) == 4);
    check(number, ns_rr_rdata(record));
    res_nclose(&state);
}

static void look_up(unsigned round, unsigned ways) {
    static void (*const entries[])(unsigned, const char *) = {by_getaddrinfo, by_gethostbyname, by_query};
    char name[64];
    unsigned number = round * 7 % NAMES;
    snprintf(name, sizeof name, "host-%u.threads.test", number);
    entries[round % ways](number, name);
}

static void *work(void *start) {
    for (unsigned round = 0; round < ROUNDS; round++)
        look_up((uintptr_t)start + round, 3);
    return NULL;
}

int main(int count, char **words) {
    pthread_t threads[THREADS];
    CHECK(count == 3);
    for (uintptr_t thread = 0; thread < THREADS; thread++)
        CHECK(pthread_create(&threads[thread], NULL, work, (void *)(thread * 11)) == 0);
    for (unsigned child = 0; child < CHILDREN; child++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            /* No res_ninit: libc's lock of resolv.conf may have been held by a thread that is not here. */
            for (unsigned round = 0; round < 2 * NAMES; round++)
                look_up(round, 2);
            struct address to = resolved(words[1], atoi(words[2]));
            exchange(connected(&to));
            _exit(0);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (unsigned thread = 0; thread < THREADS; thread++)
        CHECK(pthread_join(threads[thread], NULL) == 0);
    return 0;
}
