/* execs WAY ENVIRONMENT PROGRAM [WORD...]: starts a program in one of the ways there are to start one, with the environment
 * of this process or with an empty one. Prints the errno where that fails. */
#include "probe.h"
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <wordexp.h>

extern char **environ;
static char *const none[] = {NULL};

static int spawned(int failure, const pid_t *child) {
    int status;
    if (failure) {
        errno = failure;
        return -1;
    }
    CHECK(waitpid(*child, &status, 0) == *child && WIFEXITED(status));
    exit(WEXITSTATUS(status));
}

static int spawn(const char *way, const char *program, char **words, char *const *variables) {
    pid_t child;
    if (strcmp(way, "posix_spawn") == 0)
        return spawned(posix_spawn(&child, program, NULL, NULL, words, variables), &child);
    if (strcmp(way, "posix_spawnp") == 0)
        return spawned(posix_spawnp(&child, program, NULL, NULL, words, variables), &child);
    posix_spawn_file_actions_t actions;
    char directory[4096];
    const char *name = strrchr(program, '/') + 1;
    snprintf(directory, sizeof directory, "%.*s", (int)(name - program), program);
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_addopen(&actions, 9, "/dev/null", O_RDONLY, 0) == 0);
    if (strcmp(way, "posix_spawn_chdir") == 0)
        CHECK(posix_spawn_file_actions_addchdir_np(&actions, directory) == 0);
    else
        CHECK(posix_spawn_file_actions_addfchdir_np(&actions, open(directory, O_PATH)) == 0);
    CHECK(chdir("/") == 0);
    return spawned(posix_spawn(&child, name, &actions, NULL, words, variables), &child);
}

static void *in_thread(void *words) {
    pid_t child = fork();
    if (child == 0) {
        execv(*(char **)words, words);
        printf("%s\n", strerrorname_np(errno));
        fflush(stdout);
        _exit(1);
    }
    spawned(0, &child);
    return NULL;
}

static int shell(const char *way, char **words) {
    char line[4096] = "", *end = line;
    for (; *words; words++)
        end += sprintf(end, "%s ", *words);
    if (strcmp(way, "system") == 0)
        exit(WEXITSTATUS(system(line)));
    if (strcmp(way, "popen") == 0) {
        FILE *pipe = popen(line, "r");
        if (pipe == NULL)
            return -1;
        while (fgets(line, sizeof line, pipe))
            fputs(line, stdout);
        exit(WEXITSTATUS(pclose(pipe)));
    }
    wordexp_t found;
    char command[5000];
    snprintf(command, sizeof command, "$(%s)", line);
    CHECK(wordexp(command, &found, 0) == 0);
    for (size_t word = 0; word < found.we_wordc; word++)
        printf("%s%c", found.we_wordv[word], word + 1 < found.we_wordc ? ' ' : '\n');
    exit(0);
}

static int start(const char *way, char **words, char *const *variables) {
    const char *program = words[0];
    char **w = words;
    int many = 0;
    while (words[many])
        many++;
    if (strcmp(way, "execve") == 0)
        return execve(program, words, variables);
    if (strcmp(way, "execv") == 0)
        return execv(program, words);
    if (strcmp(way, "execvp") == 0)
        return execvp(program, words);
    if (strcmp(way, "execvpe") == 0)
        return execvpe(program, words, variables);
    if (strcmp(way, "execl") == 0)
        return many == 3 ? execl(program, w[0], w[1], w[2], NULL) : many == 1 ? execl(program, w[0], NULL)
             : execl(program, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], NULL);
    if (strcmp(way, "execlp") == 0)
        return many == 3 ? execlp(program, w[0], w[1], w[2], NULL) : many == 1 ? execlp(program, w[0], NULL)
             : execlp(program, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], NULL);
    if (strcmp(way, "execle") == 0)
        return many == 3 ? execle(program, w[0], w[1], w[2], NULL, variables) : many == 1 ? execle(program, w[0], NULL, variables)
             : execle(program, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], NULL, variables);
    if (strcmp(way, "fexecve") == 0)
        return fexecve(open(program, O_RDONLY | O_CLOEXEC), words, variables);
    if (strcmp(way, "execveat") == 0)
        return execveat(open("/", O_PATH), program + 1, words, variables, 0);
    if (strcmp(way, "execveat_empty") == 0)
        return execveat(open(program, O_PATH), "", words, variables, AT_EMPTY_PATH);
    if (strcmp(way, "syscall_execve") == 0)
        return syscall(SYS_execve, program, words, variables);
    if (strcmp(way, "syscall_execveat") == 0)
        return syscall(SYS_execveat, AT_FDCWD, program, words, variables, 0);
    if (strncmp(way, "posix_spawn", 11) == 0)
        return spawn(way, program, words, variables);
    if (strcmp(way, "vfork") == 0) {
        pid_t child = vfork();
        if (child == 0) {
            execve(program, words, variables);
            _exit(errno);
        }
        int status;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
        errno = WEXITSTATUS(status);
        return errno ? -1 : (exit(0), 0);
    }
    if (strcmp(way, "thread") == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, in_thread, words) == 0);
        pthread_join(thread, NULL);
        return 0;
    }
    return shell(way, words);
}

int main(int count, char **words) {
    CHECK(count >= 4);
    char *const *variables = environ;
    if (strcmp(words[2], "empty") == 0) {
        variables = none;
        clearenv();
    }
    sigset_t before, after;
    sigprocmask(SIG_SETMASK, NULL, &before);
    CHECK(start(words[1], words + 3, variables) == -1);
    int failure = errno;
    sigprocmask(SIG_SETMASK, NULL, &after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    printf("%s\n", strerrorname_np(failure));
    return 1;
}
