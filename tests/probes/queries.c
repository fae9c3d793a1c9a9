/* queries HOST: libc's own resolver sends past every hook, so that its entries answer nothing. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

int main(int count, char **words) {
    unsigned char answer[512], query[512];
    struct __res_state state;
    CHECK(count == 2);
    memset(&state, 0, sizeof state);
    CHECK(res_ninit(&state) == 0);
    int length = res_mkquery(ns_o_query, words[1], ns_c_in, ns_t_a, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    CHECK(res_query(words[1], ns_c_in, ns_t_a, answer, sizeof answer) == -1);
    CHECK(res_search(words[1], ns_c_in, ns_t_mx, answer, sizeof answer) == -1);
    CHECK(res_querydomain("www", "target.test", ns_c_in, ns_t_a, answer, sizeof answer) == -1);
    CHECK(res_nquery(&state, words[1], ns_c_in, ns_t_a, answer, sizeof answer) == -1);
    CHECK(res_nsearch(&state, words[1], ns_c_in, ns_t_a, answer, sizeof answer) == -1);
    CHECK(res_nquerydomain(&state, "www", "target.test", ns_c_in, ns_t_a, answer, sizeof answer) == -1);
    return 0;
}
