/* sent NAME TYPE: a query made here and sent with res_send(3) and res_nsend(3); prints the code and the records of the answer, which
 * are the same. PTR takes the name that its own address query got. */
#include "probe.h"
#include <arpa/nameser.h>
#include <resolv.h>

static unsigned char answer[65535];

static void print_record(ns_msg *message, ns_rr *record) {
    char text[NS_MAXDNAME];
    const unsigned char *data = ns_rr_rdata(*record);
    switch (ns_rr_type(*record)) {
    case ns_t_a:
        printf("A %s\n", inet_ntop(AF_INET, data, text, sizeof text));
        break;
    case ns_t_aaaa:
        printf("AAAA %s\n", inet_ntop(AF_INET6, data, text, sizeof text));
        break;
    case ns_t_mx:
        CHECK(dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + 2, text, sizeof text) > 0);
        printf("MX %d %s\n", ns_get16(data), text);
        break;
    case ns_t_ptr:
        CHECK(dn_expand(ns_msg_base(*message), ns_msg_end(*message), data, text, sizeof text) > 0);
        printf("PTR %s\n", text);
        break;
    default:
        printf("type %d, %d bytes\n", ns_rr_type(*record), ns_rr_rdlen(*record));
    }
}

static void print_answer(int length) {
    ns_msg message;
    ns_rr record;
    CHECK(ns_initparse(answer, length, &message) == 0);
    printf("code %d, %d records\n", ns_msg_getflag(message, ns_f_rcode), ns_msg_count(message, ns_s_an));
    for (int place = 0; place < ns_msg_count(message, ns_s_an); place++) {
        CHECK(ns_parserr(&message, ns_s_an, place, &record) == 0);
        print_record(&message, &record);
    }
}

static int type_of(const char *word) {
    static const struct { const char *word; int type; } types[] = {
        {"A", ns_t_a}, {"AAAA", ns_t_aaaa}, {"MX", ns_t_mx}, {"TXT", ns_t_txt}, {"PTR", ns_t_ptr}, {"AXFR", ns_t_axfr},
    };
    for (size_t place = 0; place < sizeof types / sizeof *types; place++)
        if (strcmp(types[place].word, word) == 0)
            return types[place].type;
    CHECK(0);
    return 0;
}

/* The name whose PTR record is that of the name's first address. */
static void reverse(const char *name, char *reversed) {
    struct addrinfo hints = {.ai_family = AF_INET}, *found;
    CHECK(getaddrinfo(name, NULL, &hints, &found) == 0);
    unsigned char *byte = (unsigned char *)&((struct sockaddr_in *)found->ai_addr)->sin_addr;
    sprintf(reversed, "%d.%d.%d.%d.in-addr.arpa", byte[3], byte[2], byte[1], byte[0]);
    freeaddrinfo(found);
}

int main(int count, char **words) {
    unsigned char query[512];
    char reversed[64];
    struct __res_state state;
    CHECK(count == 3);
    int type = type_of(words[2]);
    const char *name = words[1];
    if (type == ns_t_ptr) {
        reverse(name, reversed);
        name = reversed;
    }
    memset(&state, 0, sizeof state);
    CHECK(res_ninit(&state) == 0);
    int length = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, query, sizeof query);
    CHECK(length > 0);
    print_answer(res_send(query, length, answer, sizeof answer));
    print_answer(res_nsend(&state, query, length, answer, sizeof answer));
    return 0;
}
