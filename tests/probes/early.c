/* early HOST PORT: connects before main, perhaps before the library's own constructor has run. */
#include "probe.h"

__attribute__((constructor)) static void first(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    exchange(connected(&to));
}

int main(void) {
    return 0;
}
