/*
 * Copyright the fpipe authors
 * SPDX-License-Identifier: Apache-2.0
 */

/* libzmq's part in the benchmark of sockets: takes the same orders from standard input as the other contestants
   (see Worker), with libzmq's default settings and a thread for each end. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define ADDRESS 256

static struct {
    size_t size;
    int64_t count;
    void *context;
    char address[ADDRESS];
    sem_t go;
} run;

static void answer(const char *line)
{
    puts(line);
    fflush(stdout);
}

static void check(int ok, const char *what)
{
    if (!ok) {
        printf("error %s: %s\n", what, zmq_strerror(zmq_errno()));
        fflush(stdout);
        exit(1);
    }
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void *open_bound(int type, const char *address)
{
    void *socket = zmq_socket(run.context, type);
    check(socket != NULL && zmq_bind(socket, address) == 0, "bind");
    size_t length = ADDRESS;
    check(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, run.address, &length) == 0, "address");
    return socket;
}

/* Sends the messages of the run: zeros in memory of their own, numbered at both ends. */
static void *source(void *unused)
{
    (void) unused;
    void *push = zmq_socket(run.context, ZMQ_PUSH);
    check(push != NULL && zmq_connect(push, run.address) == 0, "connect");
    for (int64_t i = 0; i < run.count; i++) {
        if (i == 1) {
            sem_wait(&run.go);
        }
        zmq_msg_t message;
        check(zmq_msg_init_size(&message, run.size) == 0, "allocate");
        char *data = zmq_msg_data(&message);
        int64_t end = ~i;
        memset(data, 0, run.size);
        memcpy(data, &i, sizeof i);
        memcpy(data + run.size - sizeof end, &end, sizeof end);
        check(zmq_msg_send(&message, push, 0) >= 0, "send");
    }
    check(zmq_close(push) == 0, "close");
    return NULL;
}

/* Receives the messages of the run; prints what came, without the end of the line. */
static void sink(void *pull, int first_to_stdout)
{
    uint64_t checksum = 0;
    int64_t start = 0;
    for (int64_t i = 0; i < run.count; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        check(zmq_msg_recv(&message, pull, 0) >= 0, "receive");
        int64_t first = -1;
        int64_t last = -1;
        if (zmq_msg_size(&message) == run.size) {
            const char *data = zmq_msg_data(&message);
            memcpy(&first, data, sizeof first);
            memcpy(&last, data + run.size - sizeof last, sizeof last);
        }
        check(first == i && last == ~i, "the message has other numbers than expected");
        checksum = 31 * checksum + (uint64_t) first + 7 * (uint64_t) last;
        zmq_msg_close(&message);
        if (i == 0) {
            start = now();
            if (first_to_stdout) {
                answer("first");
            } else {
                sem_post(&run.go);
            }
        }
    }
    printf("arrived %lld %lld %lld", (long long) run.count, (long long) checksum, (long long) (now() - start));
}

static void one_way(const char *transport)
{
    pthread_t sender;
    void *pull = open_bound(ZMQ_PULL, strcmp(transport, "inproc") == 0 ? "inproc://oneway" : "tcp://127.0.0.1:*");
    check(pthread_create(&sender, NULL, source, NULL) == 0, "thread");
    sink(pull, 0);
    answer(" source");
    pthread_join(sender, NULL);
    zmq_close(pull);
}

static void receive_only(void)
{
    void *pull = open_bound(ZMQ_PULL, "tcp://127.0.0.1:*");
    printf("at %s\n", run.address);
    fflush(stdout);
    sink(pull, 1);
    answer("");
    zmq_close(pull);
}

static void send_only(void)
{
    pthread_t sender;
    char line[ADDRESS];
    check(pthread_create(&sender, NULL, source, NULL) == 0, "thread");
    while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "end\n") != 0) {
        sem_post(&run.go);
    }
    pthread_join(sender, NULL);
    answer("sent source");
}

static void *echo(void *rep)
{
    for (int64_t i = 0; i <= run.count; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        check(zmq_msg_recv(&message, rep, 0) >= 0 && zmq_msg_send(&message, rep, 0) >= 0, "echo");
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a;
    int64_t y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static void round_trips(void)
{
    pthread_t server;
    char body[64] = {0};
    void *rep = open_bound(ZMQ_REP, "tcp://127.0.0.1:*");
    void *req = zmq_socket(run.context, ZMQ_REQ);
    int64_t *times = calloc((size_t) run.count + 1, sizeof *times);
    int64_t total = 0;
    check(req != NULL && times != NULL && zmq_connect(req, run.address) == 0, "connect");
    check(pthread_create(&server, NULL, echo, rep) == 0, "thread");
    for (int64_t i = 0; i <= run.count; i++) {
        int64_t start = now();
        check(zmq_send(req, body, sizeof body, 0) >= 0 && zmq_recv(req, body, sizeof body, 0) >= 0, "call");
        times[i] = now() - start;
        total += i == 0 ? 0 : times[i];
    }
    pthread_join(server, NULL);
    size_t calls = (size_t) run.count;
    int64_t *counted = times + 1; /* the first one connects */
    qsort(counted, calls, sizeof *times, compare);
    printf("latencies %lld %lld %lld %lld\n", (long long) counted[calls / 2], (long long) counted[calls * 99 / 100],
        (long long) counted[calls * 999 / 1000], (long long) total);
    fflush(stdout);
    free(times);
    zmq_close(req);
    zmq_close(rep);
}

int main(void)
{
    char line[2 * ADDRESS];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char word[ADDRESS] = "";
        char size_text[32] = "";
        char count_text[32] = "";
        char order[32] = "";
        sscanf(line, "%31s", order);
        if (strcmp(order, "oneway") == 0 || strcmp(order, "send") == 0) {
            sscanf(line, "%*s %255s %31s %31s", word, size_text, count_text);
        } else if (strcmp(order, "receive") == 0) {
            sscanf(line, "%*s %31s %31s", size_text, count_text);
        } else {
            sscanf(line, "%*s %31s", count_text);
        }
        run.size = strtoul(size_text, NULL, 10);
        run.count = strtoll(count_text, NULL, 10);
        run.context = zmq_ctx_new();
        sem_init(&run.go, 0, 0);
        if (strcmp(order, "oneway") == 0) {
            one_way(word);
        } else if (strcmp(order, "receive") == 0) {
            receive_only();
        } else if (strcmp(order, "send") == 0) {
            strcpy(run.address, word);
            send_only();
        } else if (strcmp(order, "roundtrips") == 0) {
            round_trips();
        } else {
            printf("error no such order: %s\n", order);
            fflush(stdout);
        }
        sem_destroy(&run.go);
        zmq_ctx_term(run.context);
    }
    return 0;
}
