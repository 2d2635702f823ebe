/**
 * cli: the commands that users type, and everything they print.
 *
 * Owns: the command line's syntax and help, the quick start with its development key, the texts to paste into clients,
 * fetching of packages ahead of the first call, `import`, `doctor`, and what signals do to a running gateway.
 * Never: answers a request, decides a policy, or keeps a secret anywhere but in memory and in what the user asked for.
 * Called by: bin/drawbridge.mjs; the tests, in process, with their own outputs.
 * Sources: interface (commands), issue rows 2 and 3, T45, T46, T62.
 * Fails: one line on stderr; exit code 1 = refused or failed, 2 = the command line was not understood.
 * Metrics: none.
 */
export { main } from './process-io.ts'
export { runCli } from './run-cli.ts'
export type { CliIo, Output, ServedGateway } from './command.ts'
