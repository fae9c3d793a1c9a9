/* many_names COUNT: eight processes look the same names up, each in an order of its own, and three of them are killed on
 * the way: every name has one address in all of them, no two names share one, and the address leads back to the name. */
#include "probe.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { PROCESSES = 8, KILLED = 3 };

static uint32_t (*seen)[PROCESSES];
static unsigned count;

static void spell(char name[64], unsigned number) {
    snprintf(name, 64, "host-%u.many.target.test", number);
}

static uint32_t look_up(unsigned number) {
    char name[64];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    spell(name, number);
    CHECK(getaddrinfo(name, NULL, &hints, &list) == 0);
    uint32_t address = ((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr.s_addr;
    CHECK(address != 0 && list->ai_next == NULL);
    freeaddrinfo(list);
    return address;
}

/* Tells when it is at the place where it may be killed, and goes on. */
static void work(unsigned process, int told) {
    unsigned step = 7919, start = count / PROCESSES * process;
    for (unsigned done = 0; done < count; done++) {
        unsigned number = (start + done * step) % count;
        seen[number][process] = look_up(number);
        if (done == count / 10 * (process + 1))
            CHECK(write(told, "x", 1) == 1);
    }
    _exit(0);
}

static int by_value(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

int main(int words, char **word) {
    CHECK(words == 2);
    count = atoi(word[1]);
    CHECK(count % 7919 != 0);
    size_t size = count * sizeof *seen;
    seen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(seen != MAP_FAILED);
    pid_t children[PROCESSES];
    int told[PROCESSES][2];
    for (unsigned process = 0; process < PROCESSES; process++) {
        CHECK(pipe(told[process]) == 0);
        children[process] = fork();
        if (children[process] == 0)
            work(process, told[process][1]);
        CHECK(children[process] > 0 && close(told[process][1]) == 0);
    }
    for (unsigned process = 0; process < PROCESSES; process++) {
        char byte;
        int status;
        if (process < KILLED) {
            CHECK(read(told[process][0], &byte, 1) == 1 && kill(children[process], SIGKILL) == 0);
        }
        CHECK(waitpid(children[process], &status, 0) == children[process]);
        CHECK((process < KILLED && WIFSIGNALED(status)) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    }
    uint32_t *all = calloc(count, sizeof *all);
    for (unsigned number = 0; number < count; number++) {
        char name[64];
        all[number] = look_up(number);
        for (unsigned process = 0; process < PROCESSES; process++)
            CHECK(seen[number][process] == all[number] || (seen[number][process] == 0 && process < KILLED));
        struct hostent *host = gethostbyaddr(&all[number], 4, AF_INET);
        spell(name, number);
        CHECK(host && strcmp(host->h_name, name) == 0);
    }
    qsort(all, count, sizeof *all, by_value);
    for (unsigned number = 1; number < count; number++)
        CHECK(all[number] != all[number - 1]);
    return 0;
}
