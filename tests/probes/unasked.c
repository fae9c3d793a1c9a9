/* unasked: dlerror(3) knows of no look-up but the application's own. */
#include "probe.h"
#include <dlfcn.h>

int main(void) {
    const char *error = dlerror();
    if (error)
        fprintf(stderr, "%s\n", error);
    CHECK(!error);
    return 0;
}
