/**
 * Starts to count this thread's processor time; the answer tells the milliseconds since. Bounds on effort are tested with it: unlike the clock it
 * does not run while the machine is busy with other things.
 */
export function processorTime(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
