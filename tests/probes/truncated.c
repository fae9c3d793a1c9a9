/* truncated NAME: a text longer than the buffer; what does not fit is counted, and said to be missing. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

int main(int count, char **words) {
    unsigned char answer[600 + 1], query[512];
    CHECK(count == 2);
    memset(answer, 0x5a, sizeof answer);
    CHECK(res_query(words[1], ns_c_in, ns_t_txt, answer, 600) > 5000);
    CHECK(((HEADER *)answer)->tc && answer[599] != 0x5a && answer[600] == 0x5a);
    int length = res_mkquery(ns_o_query, words[1], ns_c_in, ns_t_txt, NULL, 0, NULL, query, sizeof query);
    memset(answer, 0x5a, sizeof answer);
    CHECK(res_send(query, length, answer, 600) > 5000);
    CHECK(((HEADER *)answer)->tc && answer[600] == 0x5a);
    CHECK(((HEADER *)answer)->id == ((HEADER *)query)->id);
    return 0;
}
