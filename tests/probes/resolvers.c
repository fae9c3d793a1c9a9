/* resolvers HOST PORT ENTRY: resolves by one entry of libc, then connects. */
#include "probe.h"
#include <locale.h>

/* Old programs alone have these; newer machines never had them. */
#ifdef __x86_64__
__asm__(".symver born_gethostbyname2,res_gethostbyname2@GLIBC_2.2.5");
extern struct hostent *born_gethostbyname2(const char *, int);
#else
#define born_gethostbyname2 gethostbyname2
#endif

static struct address of_hostent(const struct hostent *host, int port) {
    char text[INET6_ADDRSTRLEN];
    CHECK(host && host->h_addr_list[0]);
    CHECK(host->h_length == (host->h_addrtype == AF_INET ? 4 : 16));
    CHECK(inet_ntop(host->h_addrtype, host->h_addr_list[0], text, sizeof text));
    return literal(text, port);
}

static struct address of_addrinfo(const char *host, const struct addrinfo *hints, int port) {
    struct addrinfo *list;
    struct address found;
    CHECK(getaddrinfo(host, NULL, hints, &list) == 0);
    memset(&found, 0, sizeof found);
    memcpy(&found.storage, list->ai_addr, list->ai_addrlen);
    found.length = list->ai_addrlen;
    found.v4.sin_port = htons(port);
    if (hints && hints->ai_family)
        for (struct addrinfo *entry = list; entry; entry = entry->ai_next)
            CHECK(entry->ai_family == hints->ai_family);
    if (hints && hints->ai_flags & AI_CANONNAME)
        CHECK(list->ai_canonname && strcmp(list->ai_canonname, host) == 0);
    freeaddrinfo(list);
    return found;
}

static struct address by_family(const char *host, int family, int port) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    return of_addrinfo(host, &hints, port);
}

/* Too small a buffer is ERANGE, a larger one works. */
static struct address reentrant(const char *host, int family, int port) {
    struct hostent result, *found = NULL;
    int error = 0, outcome;
    size_t size = 1;
    char *buffer = malloc(size);
    while ((outcome = family ? gethostbyname2_r(host, family, &result, buffer, size, &found, &error)
                             : gethostbyname_r(host, &result, buffer, size, &found, &error)) == ERANGE) {
        CHECK(found == NULL);
        size += 7;
        buffer = realloc(buffer, size);
        CHECK(buffer && size < 100000);
    }
    CHECK(outcome == 0 && found == &result && size > 1);
    CHECK(strcmp(result.h_name, host) == 0);
    struct address address = of_hostent(found, port);
    free(buffer);
    return address;
}

static struct address by_entry(const char *host, int port, const char *entry) {
    struct addrinfo canonical = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
    struct addrinfo configured = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_V4MAPPED};
    struct addrinfo mapped = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_V4MAPPED | AI_ALL};
    if (!strcmp(entry, "getaddrinfo"))
        return of_addrinfo(host, NULL, port);
    if (!strcmp(entry, "getaddrinfo_inet"))
        return by_family(host, AF_INET, port);
    if (!strcmp(entry, "getaddrinfo_inet6"))
        return by_family(host, AF_INET6, port);
    if (!strcmp(entry, "getaddrinfo_canonname"))
        return of_addrinfo(host, &canonical, port);
    if (!strcmp(entry, "getaddrinfo_addrconfig"))
        return of_addrinfo(host, &configured, port);
    if (!strcmp(entry, "getaddrinfo_idn")) {
        struct addrinfo international = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_IDN};
        CHECK(setlocale(LC_ALL, ""));
        return of_addrinfo(host, &international, port);
    }
    if (!strcmp(entry, "getaddrinfo_v4mapped"))
        return of_addrinfo(host, &mapped, port);
    if (!strcmp(entry, "gethostbyname"))
        return of_hostent(gethostbyname(host), port);
    if (!strcmp(entry, "gethostbyname2_inet"))
        return of_hostent(gethostbyname2(host, AF_INET), port);
    if (!strcmp(entry, "gethostbyname2_inet6"))
        return of_hostent(gethostbyname2(host, AF_INET6), port);
    if (!strcmp(entry, "res_gethostbyname2"))
        return of_hostent(born_gethostbyname2(host, AF_INET), port);
    if (!strcmp(entry, "gethostbyname_r"))
        return reentrant(host, 0, port);
    if (!strcmp(entry, "gethostbyname2_r_inet"))
        return reentrant(host, AF_INET, port);
    CHECK(!strcmp(entry, "gethostbyname2_r_inet6"));
    return reentrant(host, AF_INET6, port);
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = by_entry(words[1], atoi(words[2]), words[3]);
    exchange(connected(&to));
    return 0;
}
