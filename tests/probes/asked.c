/* asked NAME...: prints the addresses of each name in every family, by getaddrinfo(3) and gethostbyname2(3), or the code; of an
 * address its name, by getnameinfo(3) and gethostbyaddr(3). */
#include "probe.h"

static const int FAMILIES[] = {AF_UNSPEC, AF_INET, AF_INET6};

static void by_getaddrinfo(const char *name, int family, int flags) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
    char text[NI_MAXHOST];
    int code = getaddrinfo(name, NULL, &hints, &list);
    if (code) {
        printf(" (%d)", code);
        return;
    }
    for (struct addrinfo *entry = list; entry; entry = entry->ai_next) {
        CHECK(getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0);
        printf(" %s", text);
    }
    freeaddrinfo(list);
}

static void by_gethostbyname(const char *name, int family) {
    char text[INET6_ADDRSTRLEN];
    struct hostent *host = gethostbyname2(name, family);
    if (!host)
        printf(" (%d)", h_errno);
    for (char **address = host ? host->h_addr_list : NULL; address && *address; address++)
        printf(" %s", inet_ntop(family, *address, text, sizeof text));
}

static void print_name(const struct address *address) {
    char text[NI_MAXHOST];
    const void *bytes = address->any.sa_family == AF_INET ? (const void *)&address->v4.sin_addr : (const void *)&address->v6.sin6_addr;
    int code = getnameinfo(&address->any, address->length, text, sizeof text, NULL, 0, NI_NAMEREQD);
    struct hostent *host = gethostbyaddr(bytes, address->any.sa_family == AF_INET ? 4 : 16, address->any.sa_family);
    if (code || !host)
        printf(" (%d) (%d)\n", code, host ? 0 : h_errno);
    else
        printf(" %s %s\n", text, host->h_name);
}

int main(int count, char **words) {
    struct in6_addr bytes;
    for (int place = 1; place < count; place++) {
        printf("%s", words[place]);
        if (inet_pton(AF_INET, words[place], &bytes) || inet_pton(AF_INET6, words[place], &bytes)) {
            struct address address = literal(words[place], 0);
            print_name(&address);
            continue;
        }
        for (int family = 0; family < 3; family++) {
            by_getaddrinfo(words[place], FAMILIES[family], 0);
            printf(";");
        }
        by_getaddrinfo(words[place], AF_INET6, AI_V4MAPPED);
        printf(";");
        by_gethostbyname(words[place], AF_INET);
        printf(";");
        by_gethostbyname(words[place], AF_INET6);
        puts("");
    }
    return 0;
}
