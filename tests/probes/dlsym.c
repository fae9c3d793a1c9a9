/* dlsym NAME ADDRESS PORT: functions that a program takes out of libc by dlsym(3) are ours; whom RTLD_NEXT names is as libc says. */
#include "probe.h"
#include <arpa/nameser.h>
#include <dlfcn.h>
#include <resolv.h>
#include <sys/syscall.h>

static void *libc;

static void *libc_has(const char *symbol) {
    void *found = dlsym(libc, symbol);
    CHECK(found);
    return found;
}

static void looks_up(const char *name) {
    struct addrinfo *list, *other;
    unsigned char answer[4096];
    int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = libc_has("getaddrinfo");
    int (*query)(const char *, int, int, unsigned char *, int) = libc_has("res_query");
    CHECK(lookup(name, "80", NULL, &list) == 0 && getaddrinfo(name, "80", NULL, &other) == 0);
    CHECK(list->ai_addrlen == other->ai_addrlen && !memcmp(list->ai_addr, other->ai_addr, list->ai_addrlen));
    freeaddrinfo(list);
    freeaddrinfo(other);
    CHECK(query(name, C_IN, T_A, answer, sizeof answer) > 0);
}

static void connects(const struct address *to) {
    int (*connect_)(int, const struct sockaddr *, socklen_t) = libc_has("connect");
    long (*syscall_)(long, ...) = libc_has("syscall");
    int fd = stream(to);
    CHECK(connect_(fd, &to->any, to->length) == 0);
    exchange(fd);
    fd = stream(to);
    CHECK(syscall_(SYS_connect, fd, &to->any, to->length) == 0);
    exchange(fd);
}

/* What comes behind us stays reachable for libraries that are themselves in line, what does not exist is said not to. */
static void is_libc_s(void) {
    void *first = dlsym(RTLD_DEFAULT, "connect"), *next = dlsym(RTLD_NEXT, "connect");
    Dl_info place;
    CHECK(first == (void *)connect && next == first);
    CHECK(dladdr(libc_has("getpid"), &place) && strstr(place.dli_fname, "libc.so"));
    CHECK(!dlsym(libc, "no_such_symbol") && strstr(dlerror(), "no_such_symbol"));
    CHECK(!dlsym(RTLD_NEXT, "no_such_symbol") && strstr(dlerror(), "no_such_symbol"));
    CHECK(!dlerror());
}

int main(int count, char **words) {
    CHECK(count == 4);
    libc = dlopen("libc.so.6", RTLD_NOW);
    CHECK(libc);
    struct address to = literal(words[2], atoi(words[3]));
    looks_up(words[1]);
    connects(&to);
    is_libc_s();
    return 0;
}
