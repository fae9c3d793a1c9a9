/* lookups KIND WORD...: prints what libc answers in every way it can be asked, for names and addresses this machine knows by
 * itself: to be run without us and under us, and compared. */
#include "probe.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void print_bytes(int family, const void *bytes) {
    char text[INET6_ADDRSTRLEN];
    printf(" %s", inet_ntop(family, bytes, text, sizeof text) ? text : "?");
}

static void print_address(const struct sockaddr *any, socklen_t length) {
    if (any->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)any;
        print_bytes(AF_INET, &v4->sin_addr);
        printf("#%d", ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const void *)any;
        print_bytes(AF_INET6, &v6->sin6_addr);
        printf("#%d%%%u", ntohs(v6->sin6_port), v6->sin6_scope_id);
    }
    printf("(%u)", length);
}

/* The answer to one question, on one line. */
static void ask(const char *name, const char *service, const struct addrinfo *hints) {
    struct addrinfo *list = NULL;
    errno = 0;
    int code = getaddrinfo(name, service, hints, &list);
    printf("%s %s", name ? name : "-", service ? service : "-");
    if (hints)
        printf(" family %d type %d protocol %d flags %#x", hints->ai_family, hints->ai_socktype, hints->ai_protocol,
               hints->ai_flags);
    printf(": %d", code);
    if (code == EAI_SYSTEM)
        printf(" %s", strerrorname_np(errno));
    if (!code) {
        for (struct addrinfo *entry = list; entry; entry = entry->ai_next) {
            print_address(entry->ai_addr, entry->ai_addrlen);
            printf(" %d/%d/%d/%#x %s;", entry->ai_family, entry->ai_socktype, entry->ai_protocol, entry->ai_flags,
                   entry->ai_canonname ? entry->ai_canonname : "-");
        }
        freeaddrinfo(list);
    }
    puts("");
}

static const int FLAGS[] = {
    0,
    AI_PASSIVE,
    AI_CANONNAME,
    AI_NUMERICHOST,
    AI_NUMERICHOST | AI_CANONNAME,
    AI_NUMERICSERV,
    AI_ADDRCONFIG,
    AI_ADDRCONFIG | AI_CANONNAME,
    AI_V4MAPPED,
    AI_ALL,
    AI_V4MAPPED | AI_ALL,
    AI_V4MAPPED | AI_ADDRCONFIG,
    AI_V4MAPPED | AI_ALL | AI_CANONNAME | AI_ADDRCONFIG,
    AI_IDN,
    AI_IDN | AI_CANONNAME | AI_CANONIDN,
    1 << 28,
};
static const int FAMILIES[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX};
static const struct {
    int type, protocol;
} KINDS[] = {
    {0, 0}, {SOCK_STREAM, 0}, {SOCK_DGRAM, 0}, {SOCK_RAW, 0}, {0, IPPROTO_UDP}, {SOCK_STREAM, IPPROTO_UDP}, {99, 0},
};

static void ask_every_way(const char *name, const char *service) {
    ask(name, service, NULL);
    for (size_t flags = 0; flags < COUNT(FLAGS); flags++)
        for (size_t family = 0; family < COUNT(FAMILIES); family++)
            for (size_t kind = 0; kind < COUNT(KINDS); kind++) {
                struct addrinfo hints = {.ai_flags = FLAGS[flags],
                                         .ai_family = FAMILIES[family],
                                         .ai_socktype = KINDS[kind].type,
                                         .ai_protocol = KINDS[kind].protocol};
                ask(name, service, &hints);
            }
}

static void services_of(const char *name) {
    static const char *const services[] = {"http", "domain", "tftp", "65535", "65536", "-1", "", " 80", "80x", "nosuch"};
    ask_every_way(name, NULL);
    ask_every_way(name, "80");
    struct addrinfo numeric = {.ai_flags = AI_NUMERICSERV};
    for (size_t service = 0; service < COUNT(services); service++) {
        ask(name, services[service], NULL);
        ask(name, services[service], &numeric);
        for (size_t kind = 0; kind < COUNT(KINDS); kind++) {
            struct addrinfo hints = {.ai_socktype = KINDS[kind].type, .ai_protocol = KINDS[kind].protocol};
            ask(name, services[service], &hints);
        }
    }
}

static void print_host(const struct hostent *host) {
    if (!host) {
        puts(" none");
        return;
    }
    printf(" %s %d(%d)", host->h_name, host->h_addrtype, host->h_length);
    for (char **alias = host->h_aliases; *alias; alias++)
        printf(" alias %s", *alias);
    for (char **address = host->h_addr_list; *address; address++)
        print_bytes(host->h_addrtype, *address);
    puts("");
}

static void print_result(const char *entry, const char *asked, const struct hostent *host) {
    int error = h_errno;
    printf("%s %s: h_errno %d", entry, asked, host ? 0 : error);
    print_host(host);
}

/* Asks again and again with one byte more: what is too small says ERANGE and touches nothing behind its end. */
#define GROWING(label, asked, call)                                                                          \
    do {                                                                                                     \
        size_t size_ = 0, was_too_small_ = 0;                                                                \
        int outcome_;                                                                                        \
        do {                                                                                                 \
            memset(buffer, 0x5a, sizeof buffer);                                                             \
            found = (void *)1;                                                                               \
            error = 77;                                                                                      \
            outcome_ = call;                                                                                 \
            for (size_t at_ = size_; at_ < size_ + 64; at_++)                                                \
                CHECK(buffer[at_] == 0x5a);                                                                  \
            if (outcome_ == ERANGE) {                                                                        \
                CHECK(found == NULL && error == NETDB_INTERNAL);                                             \
                was_too_small_ = 1;                                                                          \
            }                                                                                                \
        } while (outcome_ == ERANGE && ++size_ < sizeof buffer - 64);                                        \
        printf("%s %s: %d", label, asked, outcome_);                                                         \
        CHECK(outcome_ == 0 ? !found || (found == &result && was_too_small_) : !found);                      \
        printf(" h_errno %d", found ? 0 : error);                                                            \
        print_host(found);                                                                                   \
    } while (0)

static char buffer[4096];

static void hosts_by(const char *name) {
    struct hostent result, *found;
    int error;
    print_result("gethostbyname", name, gethostbyname(name));
    GROWING("gethostbyname_r", name, gethostbyname_r(name, &result, buffer, size_, &found, &error));
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t family = 0; family < COUNT(families); family++) {
        char label[32];
        snprintf(label, sizeof label, "gethostbyname2 %d", families[family]);
        print_result(label, name, gethostbyname2(name, families[family]));
        snprintf(label, sizeof label, "gethostbyname2_r %d", families[family]);
        GROWING(label, name, gethostbyname2_r(name, families[family], &result, buffer, size_, &found, &error));
    }
}

static void hosts_of(const char *text) {
    struct hostent result, *found;
    int error;
    struct address at = literal(text, 0);
    const void *bytes = at.any.sa_family == AF_INET ? (void *)&at.v4.sin_addr : (void *)&at.v6.sin6_addr;
    socklen_t length = at.any.sa_family == AF_INET ? 4 : 16;
    print_result("gethostbyaddr", text, gethostbyaddr(bytes, length, at.any.sa_family));
    GROWING("gethostbyaddr_r", text,
            gethostbyaddr_r(bytes, length, at.any.sa_family, &result, buffer, size_, &found, &error));
}

static void names_of(const char *text) {
    static const int flags[] = {0,
                                NI_NAMEREQD,
                                NI_NUMERICHOST,
                                NI_NUMERICHOST | NI_NAMEREQD,
                                NI_NUMERICSERV,
                                NI_NOFQDN,
                                NI_DGRAM,
                                NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM,
                                NI_IDN,
                                1 << 28};
    static const int ports[] = {0, 53, 80, 512, 60001};
    static const socklen_t sizes[][2] = {{NI_MAXHOST, NI_MAXSERV}, {0, NI_MAXSERV}, {NI_MAXHOST, 0}, {0, 0},
                                         {1, NI_MAXSERV},          {4, NI_MAXSERV}, {NI_MAXHOST, 1}, {10, 3}};
    char host[NI_MAXHOST], service[NI_MAXSERV];
    for (size_t flag = 0; flag < COUNT(flags); flag++)
        for (size_t port = 0; port < COUNT(ports); port++)
            for (size_t size = 0; size < COUNT(sizes); size++) {
                struct address at = literal(text, ports[port]);
                if (at.any.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&at.v6.sin6_addr))
                    at.v6.sin6_scope_id = 1;
                strcpy(host, "unset");
                strcpy(service, "unset");
                int code = getnameinfo(&at.any, at.length, host, sizes[size][0], service, sizes[size][1], flags[flag]);
                printf("%s#%d flags %#x sizes %u %u: %d", text, ports[port], flags[flag], sizes[size][0],
                       sizes[size][1], code);
                puts("");
                if (!code)
                    printf("  %s %s\n", sizes[size][0] ? host : "-", sizes[size][1] ? service : "-");
            }
    struct address at = literal(text, 80);
    for (socklen_t length = 0; length <= sizeof at.storage; length++)
        printf("%s length %u: %d\n", text, length,
               getnameinfo(&at.any, length, host, sizeof host, service, sizeof service, NI_NUMERICHOST));
}

/* What the resolver says of a name, shortly. */
static void codes_of(const char *name) {
    struct addrinfo inet = {.ai_family = AF_INET}, *list;
    int code = getaddrinfo(name, NULL, NULL, &list);
    if (!code)
        freeaddrinfo(list);
    int code_inet = getaddrinfo(name, "80", &inet, &list);
    if (!code_inet)
        freeaddrinfo(list);
    struct hostent *host = gethostbyname(name);
    int error = host ? 0 : h_errno;
    struct hostent *host6 = gethostbyname2(name, AF_INET6);
    printf("%zu bytes: %d %d %d %d\n", strlen(name), code, code_inet, error, host6 ? 0 : h_errno);
}

int main(int count, char **words) {
    CHECK(count >= 2);
    for (int word = 2; word < count; word++) {
        const char *asked = words[word];
        if (!strcmp(words[1], "getaddrinfo"))
            services_of(strcmp(asked, "NULL") ? asked : NULL);
        else if (!strcmp(words[1], "gethostbyname"))
            hosts_by(asked);
        else if (!strcmp(words[1], "gethostbyaddr"))
            hosts_of(asked);
        else if (!strcmp(words[1], "getnameinfo"))
            names_of(asked);
        else if (!strcmp(words[1], "codes"))
            codes_of(asked);
        else
            CHECK(!"a kind");
    }
    return 0;
}
