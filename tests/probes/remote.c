/* remote HOST PORT: every way to ask getaddrinfo(3) for a remote name gives addresses that stand for it, always the same
 * ones, with the service, the types and the flags that were asked for; they connect, and lead back to the name. */
#include "probe.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct address known[2];

/* The first address of a family is remembered; every later one has to be the same. */
static void check_address(const struct addrinfo *entry, int port) {
    struct address found;
    memset(&found, 0, sizeof found);
    memcpy(&found.storage, entry->ai_addr, entry->ai_addrlen);
    found.length = entry->ai_addrlen;
    CHECK(entry->ai_family == found.any.sa_family);
    CHECK(found.length == (found.any.sa_family == AF_INET ? sizeof found.v4 : sizeof found.v6));
    CHECK(ntohs(found.v4.sin_port) == port);
    found.v4.sin_port = 0;
    CHECK(found.any.sa_family == AF_INET || !IN6_IS_ADDR_V4MAPPED(&found.v6.sin6_addr));
    struct address *place = &known[found.any.sa_family == AF_INET6];
    if (!place->length)
        *place = found;
    CHECK(same(place, &found));
}

static const struct {
    int type, protocol;
} KINDS[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_RAW, 0}};

static void ask(const char *host, const char *service, int port, const struct addrinfo *hints) {
    struct addrinfo *list = NULL, none = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    const struct addrinfo *wanted = hints ? hints : &none;
    int code = getaddrinfo(host, service, hints, &list);
    if (wanted->ai_socktype == SOCK_RAW && service) {
        CHECK(code == EAI_SERVICE);
        return;
    }
    if (wanted->ai_flags & AI_NUMERICHOST) {
        CHECK(code == EAI_NONAME);
        return;
    }
    if (wanted->ai_flags & AI_NUMERICSERV && service && port != atoi(service)) {
        CHECK(code == EAI_NONAME);
        return;
    }
    if (code) {
        fprintf(stderr, "service %s family %d type %d flags %#x: %s\n", service ? service : "-", wanted->ai_family,
                wanted->ai_socktype, wanted->ai_flags, gai_strerror(code));
        _exit(1);
    }
    CHECK(wanted->ai_flags & AI_CANONNAME ? list->ai_canonname && !strcmp(list->ai_canonname, host) : !list->ai_canonname);
    unsigned entries = 0, types = wanted->ai_socktype || (service && !atoi(service)) ? 1 : COUNT(KINDS);
    for (struct addrinfo *entry = list; entry; entry = entry->ai_next, entries++) {
        CHECK(!wanted->ai_family || entry->ai_family == wanted->ai_family);
        CHECK(!wanted->ai_socktype || entry->ai_socktype == wanted->ai_socktype);
        CHECK(entry->ai_protocol == KINDS[entry->ai_socktype - 1].protocol);
        CHECK(entry == list || !entry->ai_canonname);
        CHECK(entry->ai_flags == wanted->ai_flags);
        check_address(entry, port);
    }
    CHECK(entries == types || entries == 2 * types);
    freeaddrinfo(list);
}

int main(int count, char **words) {
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6}, types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW};
    static const int flags[] = {AI_PASSIVE,    AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV,
                                AI_ADDRCONFIG, AI_V4MAPPED,  AI_ALL,         AI_IDN};
    CHECK(count == 3);
    const char *host = words[1], *port = words[2];
    ask(host, NULL, 0, NULL);
    ask(host, port, atoi(port), NULL);
    for (unsigned set = 0; set < 1u << COUNT(flags); set++)
        for (size_t family = 0; family < COUNT(families); family++)
            for (size_t type = 0; type < COUNT(types); type++) {
                struct addrinfo hints = {.ai_family = families[family], .ai_socktype = types[type]};
                for (size_t flag = 0; flag < COUNT(flags); flag++)
                    hints.ai_flags |= set & 1u << flag ? flags[flag] : 0;
                ask(host, NULL, 0, &hints);
                ask(host, port, atoi(port), &hints);
                if (types[type] == SOCK_STREAM)
                    ask(host, "http", 80, &hints);
            }
    CHECK(known[0].length && known[1].length);
    for (int place = 0; place < 2; place++) {
        char name[NI_MAXHOST];
        known[place].v4.sin_port = htons(atoi(port));
        exchange(connected(&known[place]));
        CHECK(getnameinfo(&known[place].any, known[place].length, name, sizeof name, NULL, 0, NI_NAMEREQD) == 0);
        CHECK(!strcmp(name, host));
    }
    struct addrinfo strange = {.ai_flags = 1 << 28}, *list;
    CHECK(getaddrinfo(host, NULL, &strange, &list) == EAI_BADFLAGS);
    strange = (struct addrinfo){.ai_family = AF_UNIX};
    CHECK(getaddrinfo(host, NULL, &strange, &list) == EAI_FAMILY);
    strange = (struct addrinfo){.ai_socktype = 99};
    CHECK(getaddrinfo(host, NULL, &strange, &list) == EAI_SOCKTYPE);
    strange = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_UDP};
    CHECK(getaddrinfo(host, NULL, &strange, &list) == EAI_SERVICE || getaddrinfo(host, NULL, &strange, &list) == EAI_SOCKTYPE);
    CHECK(getaddrinfo(host, "nosuch", NULL, &list) == EAI_SERVICE);
    return 0;
}
