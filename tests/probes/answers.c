/* answers MODE HOST WORD...: the queries of libc's resolver, by every entry.
 *
 * Mode "records" prints what comes for each TYPE/NAME among the words, to be compared with what comes without us where the
 * name server can be reached. Mode "addresses" asks for HOST and connects to port WORD of what comes. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct __res_state own;
static unsigned char answer[70000];

/* The name in two parts, for the entries that take a domain of its own. */
static const char *domain_of(const char *name, char *first, size_t size) {
    size_t length = strcspn(name, ".");
    snprintf(first, size, "%.*s", (int)length, name);
    return name[length] ? name + length + 1 : "";
}

static int by_query(const char *name, int type, int size) {
    return res_query(name, ns_c_in, type, answer, size);
}

static int by_search(const char *name, int type, int size) {
    return res_search(name, ns_c_in, type, answer, size);
}

static int by_querydomain(const char *name, int type, int size) {
    char first[MAXDNAME];
    const char *domain = domain_of(name, first, sizeof first);
    return res_querydomain(first, domain, ns_c_in, type, answer, size);
}

static int by_send(const char *name, int type, int size) {
    unsigned char query[512];
    int length = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    return res_send(query, length, answer, size);
}

static int by_nquery(const char *name, int type, int size) {
    return res_nquery(&own, name, ns_c_in, type, answer, size);
}

static int by_nsearch(const char *name, int type, int size) {
    return res_nsearch(&own, name, ns_c_in, type, answer, size);
}

static int by_nquerydomain(const char *name, int type, int size) {
    char first[MAXDNAME];
    const char *domain = domain_of(name, first, sizeof first);
    return res_nquerydomain(&own, first, domain, ns_c_in, type, answer, size);
}

static int by_nsend(const char *name, int type, int size) {
    unsigned char query[512];
    int length = res_nmkquery(&own, ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    return res_nsend(&own, query, length, answer, size);
}

static const struct {
    const char *name;
    int (*ask)(const char *name, int type, int size);
} ENTRIES[] = {
    {"res_query", by_query},
    {"res_search", by_search},
    {"res_querydomain", by_querydomain},
    {"res_send", by_send},
    {"res_nquery", by_nquery},
    {"res_nsearch", by_nsearch},
    {"res_nquerydomain", by_nquerydomain},
    {"res_nsend", by_nsend},
};

static const struct {
    const char *name;
    int type;
} TYPES[] = {{"A", ns_t_a},     {"AAAA", ns_t_aaaa}, {"MX", ns_t_mx},       {"TXT", ns_t_txt}, {"SRV", ns_t_srv},
             {"PTR", ns_t_ptr}, {"NS", ns_t_ns},     {"CNAME", ns_t_cname}, {"SSHFP", 44},     {"HTTPS", 65}};

static int type_of(const char *word) {
    size_t length = strcspn(word, "/");
    for (size_t type = 0; type < COUNT(TYPES); type++)
        if (strlen(TYPES[type].name) == length && !strncmp(TYPES[type].name, word, length))
            return TYPES[type].type;
    CHECK(!"a type");
    return 0;
}

static void print_message(int length) {
    ns_msg message;
    if (length < NS_HFIXEDSZ || ns_initparse(answer, length, &message) != 0) {
        puts("  no message");
        return;
    }
    printf("  rcode %d response %d truncated %d recursion %d/%d questions %d\n", ns_msg_getflag(message, ns_f_rcode),
           ns_msg_getflag(message, ns_f_qr), ns_msg_getflag(message, ns_f_tc), ns_msg_getflag(message, ns_f_rd),
           ns_msg_getflag(message, ns_f_ra), ns_msg_count(message, ns_s_qd));
    for (int number = 0; number < ns_msg_count(message, ns_s_an); number++) {
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, number, &record) != 0) {
            puts("  no record");
            return;
        }
        printf("  %s %d %d:", ns_rr_name(record), ns_rr_type(record), ns_rr_class(record));
        for (int byte = 0; byte < ns_rr_rdlen(record); byte++)
            printf("%02x", ns_rr_rdata(record)[byte]);
        puts("");
    }
}

static void print_records(const char *word) {
    static const int sizes[] = {sizeof answer, 4096, 512, 200};
    const char *name = strchr(word, '/') + 1;
    for (size_t entry = 0; entry < COUNT(ENTRIES); entry++)
        for (size_t size = 0; size < COUNT(sizes); size++) {
            h_errno = 77;
            memset(answer, 0, sizeof answer);
            int length = ENTRIES[entry].ask(name, type_of(word), sizes[size]);
            printf("%s %s into %d: %d", ENTRIES[entry].name, word, sizes[size], length);
            if (length < 0)
                printf(" h_errno %d", h_errno);
            puts("");
            if (length > 0 && length <= sizes[size])
                print_message(length);
        }
}

/* The address in the last record of the answer. */
static struct address found(int length, int type, int port) {
    ns_msg message;
    ns_rr record;
    char text[INET6_ADDRSTRLEN];
    CHECK(length > 0 && ns_initparse(answer, length, &message) == 0);
    CHECK(ns_msg_getflag(message, ns_f_rcode) == ns_r_noerror && ns_msg_count(message, ns_s_an) > 0);
    CHECK(ns_parserr(&message, ns_s_an, ns_msg_count(message, ns_s_an) - 1, &record) == 0);
    CHECK((int)ns_rr_type(record) == type && ns_rr_rdlen(record) == (type == ns_t_a ? 4 : 16));
    CHECK(inet_ntop(type == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(record), text, sizeof text));
    return literal(text, port);
}

int main(int count, char **words) {
    static const int types[] = {ns_t_a, ns_t_aaaa};
    CHECK(count >= 4 && res_ninit(&own) == 0);
    if (!strcmp(words[1], "records")) {
        for (int word = 2; word < count; word++)
            print_records(words[word]);
        return 0;
    }
    for (size_t entry = 0; entry < COUNT(ENTRIES); entry++)
        for (int type = 0; type < 2; type++) {
            int length = ENTRIES[entry].ask(words[2], types[type], sizeof answer);
            struct address to = found(length, types[type], atoi(words[3]));
            exchange(connected(&to));
        }
    return 0;
}
