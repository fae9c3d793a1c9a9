/* queries HOST PORT: every entry of the resolver that makes a query of a name answers as libc's own, and what it answers can be
 * connected to. HOST has addresses but no mail exchanger, and is the first label and the domain of a search list. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

static struct __res_state state;

/* The names that libc's entries were born with, which old programs and headers still use. */
#ifdef __aarch64__
#define BORN "GLIBC_2.17"
#else
#define BORN "GLIBC_2.2.5"
#endif
__asm__(".symver born_query,__res_query@" BORN);
__asm__(".symver born_nquery,__res_nquery@" BORN);
extern int born_query(const char *, int, int, unsigned char *, int);
extern int born_nquery(res_state, const char *, int, int, unsigned char *, int);

static void reach(const unsigned char *answer, int length, int type, int port) {
    ns_msg message;
    ns_rr record;
    struct address to;
    if (length < 0)
        fprintf(stderr, "h_errno %d\n", h_errno);
    CHECK(length > 12 && ns_initparse(answer, length, &message) == 0);
    CHECK(ns_msg_getflag(message, ns_f_qr) && ns_msg_getflag(message, ns_f_ra) && ns_msg_getflag(message, ns_f_rd));
    CHECK(ns_msg_count(message, ns_s_qd) == 1 && ns_msg_count(message, ns_s_an) == 1);
    CHECK(ns_parserr(&message, ns_s_an, 0, &record) == 0 && (int)ns_rr_type(record) == type);
    memset(&to, 0, sizeof to);
    to.any.sa_family = type == ns_t_a ? AF_INET : AF_INET6;
    to.length = type == ns_t_a ? sizeof to.v4 : sizeof to.v6;
    to.v4.sin_port = htons(port);
    if (type == ns_t_a)
        memcpy(&to.v4.sin_addr, ns_rr_rdata(record), 4);
    else
        memcpy(&to.v6.sin6_addr, ns_rr_rdata(record), 16);
    exchange(connected(&to));
}

#define none(call, expected)                                                                                 \
    do {                                                                                                     \
        CHECK((call) == -1);                                                                                 \
        if (h_errno != (expected))                                                                           \
            fprintf(stderr, "h_errno %d\n", h_errno);                                                        \
        CHECK(h_errno == (expected));                                                                        \
    } while (0)

#define of_state(call, expected)                                                                             \
    do {                                                                                                     \
        none(call, expected);                                                                                \
        CHECK(state.res_h_errno == (expected));                                                              \
    } while (0)

int main(int count, char **words) {
    unsigned char answer[1024];
    char missing[256], long_name[1100], label[64] = "";
    CHECK(count == 3);
    const char *host = words[1], *domain = strchr(host, '.') + 1;
    int port = atoi(words[2]);
    memcpy(label, host, domain - host - 1);
    snprintf(missing, sizeof missing, "missing.%s", domain);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    memset(&state, 0, sizeof state);
    CHECK(res_ninit(&state) == 0);

    for (int type = ns_t_a; type <= ns_t_aaaa; type += ns_t_aaaa - ns_t_a) {
        reach(answer, res_query(host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, born_query(host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_search(host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_querydomain(label, domain, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_querydomain(host, NULL, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_nquery(&state, host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, born_nquery(&state, host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_nsearch(&state, host, ns_c_in, type, answer, sizeof answer), type, port);
        reach(answer, res_nquerydomain(&state, label, domain, ns_c_in, type, answer, sizeof answer), type, port);
    }

    none(res_query(host, ns_c_in, ns_t_mx, answer, sizeof answer), NO_DATA);
    CHECK(((HEADER *)answer)->qr && ((HEADER *)answer)->rcode == ns_r_noerror);
    none(res_query(missing, ns_c_in, ns_t_mx, answer, sizeof answer), HOST_NOT_FOUND);
    CHECK(((HEADER *)answer)->rcode == ns_r_nxdomain);
    none(res_querydomain("missing", domain, ns_c_in, ns_t_mx, answer, sizeof answer), HOST_NOT_FOUND);
    none(res_search(missing, ns_c_in, ns_t_txt, answer, sizeof answer), HOST_NOT_FOUND);
    none(res_query("a..b", ns_c_in, ns_t_mx, answer, sizeof answer), NO_RECOVERY);
    none(res_query(long_name, ns_c_in, ns_t_a, answer, sizeof answer), NO_RECOVERY);
    none(res_querydomain(long_name, domain, ns_c_in, ns_t_a, answer, sizeof answer), NO_RECOVERY);
    none(res_query(host, ns_c_in, 70000, answer, sizeof answer), NO_RECOVERY);

    of_state(res_nquery(&state, host, ns_c_in, ns_t_mx, answer, sizeof answer), NO_DATA);
    state.dnsrch[0] = (char *)"nowhere.test";
    state.dnsrch[1] = (char *)domain;
    state.dnsrch[2] = NULL;
    of_state(res_nsearch(&state, label, ns_c_in, ns_t_mx, answer, sizeof answer), NO_DATA);
    state.options |= RES_NOTLDQUERY;
    of_state(res_nsearch(&state, "missing", ns_c_in, ns_t_mx, answer, sizeof answer), HOST_NOT_FOUND);
    of_state(res_nsearch(&state, missing, ns_c_in, ns_t_mx, answer, sizeof answer), HOST_NOT_FOUND);
    state.options |= RES_USE_EDNS0;
    of_state(res_nsearch(&state, label, ns_c_in, ns_t_txt, answer, sizeof answer), NO_DATA);
    return 0;
}
