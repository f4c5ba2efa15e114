/** How many histories a property test tries; raise it with RUNS=5000 when hunting. */
export const runs = Number(process.env.RUNS ?? 200)
