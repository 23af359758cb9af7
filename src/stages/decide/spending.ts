/**
 * What is left of α for the job of this number, counted among the jobs on one cluster that look at some of the same failing sessions (1: none
 * before). The first has the whole α; job j ≥ 2 has α·6/(π²j²), so that all later ones together add at most (1 − 6/π²)·α = .3921·α, however many there are.
 */
export const spentAlpha = (alpha: number, job: number): number => (job <= 1 ? alpha : (alpha * 6) / (Math.PI * Math.PI * job * job));
