/* Makes the n-th file-system call of a command fail, or kills the command there. Loaded by LD_PRELOAD, so that the
   calls of native libraries count like those of Python. Counted is what happens below FAULTS_ROOT (folders, divided by
   colons), in the command and its child processes together.

   FAULTS_KIND     count   nothing fails
                   kill    SIGKILL to the command
                   full    what needs room fails with ENOSPC
                   broken  reading and writing fail with EIO
                   handles what opens a file, wherever it lies, fails with EMFILE
   FAULTS_AT       the first call of its kind that fails, from 1
   FAULTS_LENGTH   how many calls fail; 0: all that follow
   FAULTS_COUNTER  a file of 8 bytes that holds the number of calls so far                                          */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPENS = 1, READS = 2, GROWS = 4, CHANGES = 8 };
static int failing = CHANGES | GROWS, number = 0;
static long first = 0, length = 0;
static volatile long *counter = NULL;
static const char *roots = NULL;
static pid_t command = 0;

__attribute__((constructor)) static void begin(void) {
    const char *kind = getenv("FAULTS_KIND"), *at = getenv("FAULTS_AT"), *many = getenv("FAULTS_LENGTH");
    const char *file = getenv("FAULTS_COUNTER"), *main_process = getenv("FAULTS_COMMAND");
    if (!kind || !file) return;
    if (main_process) command = atoi(main_process);
    else {
        char text[16];
        snprintf(text, sizeof text, "%d", command = getpid());
        setenv("FAULTS_COMMAND", text, 1);
    }
    first = at ? atol(at) : 0;
    length = many ? atol(many) : 0;
    if (!strcmp(kind, "full")) failing = GROWS, number = ENOSPC;
    if (!strcmp(kind, "broken")) failing = GROWS | READS, number = EIO;
    if (!strcmp(kind, "handles")) failing = OPENS, number = EMFILE;
    if (!strcmp(kind, "kill")) number = -1;
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDWR);
    void *shared = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (shared != MAP_FAILED) counter = shared, roots = getenv("FAULTS_ROOT");
}

static int is_below(const char *path) {
    for (const char *root = roots; root && *root;) {
        size_t size = strcspn(root, ":");
        if (!strncmp(path, root, size) && (path[size] == '/' || !path[size])) return 1;
        root += size + (root[size] == ':');
    }
    return 0;
}

static int is_ours(int folder, const char *path) {
    char link[64], place[PATH_MAX];
    if (path && *path == '/') return is_below(path);
    if (folder == AT_FDCWD) {
        if (!getcwd(place, sizeof place)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, place, sizeof place - 1);
        if (size < 0) return 0;
        place[size] = 0;
    }
    return is_below(place);
}

/* Counts a call, and gives 1 with errno set where it is to fail. */
static int fails(int what, int folder, const char *path) {
    if (!counter || !(what & failing)) return 0;
    int saved = errno, begun = number == EMFILE && first && *counter >= first;
    if (!begun && !is_ours(folder, path)) return errno = saved, 0;
    long now = __sync_add_and_fetch(counter, 1);
    errno = saved;
    if (!first || now < first || (length && now >= first + length)) return 0;
    if (number == -1) {
        kill(command, SIGKILL);
        for (;;) pause();
    }
    return number ? (errno = number, 1) : 0;
}

#define REAL(name, result, ...) \
    static result (*real)(__VA_ARGS__) = NULL; \
    if (!real) real = (result (*)(__VA_ARGS__)) dlsym(RTLD_NEXT, #name)
#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))
#define OPENING(flags) (OPENS | (WRITES(flags) ? CHANGES : READS) | ((flags) & (O_CREAT | O_TRUNC) ? GROWS : 0))
#define MODE va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more)

#define OPEN(name) int name(const char *path, int flags, ...) { \
    MODE; REAL(name, int, const char *, int, ...); \
    return fails(OPENING(flags), AT_FDCWD, path) ? -1 : real(path, flags, mode); }
#define OPENAT(name) int name(int folder, const char *path, int flags, ...) { \
    MODE; REAL(name, int, int, const char *, int, ...); \
    return fails(OPENING(flags), folder, path) ? -1 : real(folder, path, flags, mode); }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write, ssize_t, int, const void *, size_t);
    return fails(GROWS, fd, NULL) ? -1 : real(fd, data, size);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev, ssize_t, int, const struct iovec *, int);
    return fails(GROWS, fd, NULL) ? -1 : real(fd, parts, count);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite, ssize_t, int, const void *, size_t, off_t);
    return fails(GROWS, fd, NULL) ? -1 : real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64, ssize_t, int, const void *, size_t, off64_t);
    return fails(GROWS, fd, NULL) ? -1 : real(fd, data, size, at);
}
ssize_t read(int fd, void *data, size_t size) {
    REAL(read, ssize_t, int, void *, size_t);
    return fails(READS, fd, NULL) ? -1 : real(fd, data, size);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    REAL(pread64, ssize_t, int, void *, size_t, off64_t);
    return fails(READS, fd, NULL) ? -1 : real(fd, data, size, at);
}
int fsync(int fd) {
    REAL(fsync, int, int);
    return fails(CHANGES, fd, NULL) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(fdatasync, int, int);
    return fails(CHANGES, fd, NULL) ? -1 : real(fd);
}
int rename(const char *from, const char *to) {
    REAL(rename, int, const char *, const char *);
    return fails(CHANGES, AT_FDCWD, to) ? -1 : real(from, to);
}
int renameat(int folder, const char *from, int other, const char *to) {
    REAL(renameat, int, int, const char *, int, const char *);
    return fails(CHANGES, other, to) ? -1 : real(folder, from, other, to);
}
int link(const char *from, const char *to) {
    REAL(link, int, const char *, const char *);
    return fails(CHANGES | GROWS, AT_FDCWD, to) ? -1 : real(from, to);
}
int linkat(int folder, const char *from, int other, const char *to, int flags) {
    REAL(linkat, int, int, const char *, int, const char *, int);
    return fails(CHANGES | GROWS, other, to) ? -1 : real(folder, from, other, to, flags);
}
int unlink(const char *path) {
    REAL(unlink, int, const char *);
    return fails(CHANGES, AT_FDCWD, path) ? -1 : real(path);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir, int, const char *, mode_t);
    return fails(CHANGES | GROWS, AT_FDCWD, path) ? -1 : real(path, mode);
}
