/* Step an exported model in a loop, as a controller does, and print the time that a step takes.

   EXPORT=$(dynax export run=$(dynax train env=cart_pole) format=c)
   gcc -O3 -march=native -I$EXPORT examples/step_model.c $EXPORT/model.c -lm -o step_model && ./step_model */
#define _POSIX_C_SOURCE 199309L
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 20000 };

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e6 * now.tv_sec + 1e-3 * now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(void) {
  static double times[STEPS];
  float states[MODEL_HISTORY * MODEL_STATES] = {0}, actions[MODEL_HISTORY * MODEL_ACTIONS] = {0};
  float *state = states + (MODEL_HISTORY - 1) * MODEL_STATES, *action = actions + (MODEL_HISTORY - 1) * MODEL_ACTIONS;
  float next[MODEL_STATES];
  for (int t = 0; t < STEPS; t++) {
    action[0] = -0.5f * state[0];  /* the controller: pull the first joint back to zero */
    const double start = microseconds();
    model_step(states, actions, next);
    times[t] = microseconds() - start;
    memmove(states, states + MODEL_STATES, (MODEL_HISTORY - 1) * MODEL_STATES * sizeof *states);
    memmove(actions, actions + MODEL_ACTIONS, (MODEL_HISTORY - 1) * MODEL_ACTIONS * sizeof *actions);
    memcpy(state, next, sizeof next);
  }
  printf("state:");
  for (int i = 0; i < MODEL_STATES; i++) printf(" %g", state[i]);
  qsort(times, STEPS, sizeof *times, ascending);
  printf("\nstep: median %.1f us, p99 %.1f us\n", times[STEPS / 2], times[STEPS * 99 / 100]);
  return 0;
}
