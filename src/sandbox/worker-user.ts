/**
 * User and group of contained workers under a gateway that runs as root. Not nobody's 65534, which other services use: no
 * distribution gives 65533 to anybody, systemd's dynamic users end before it, and the usual 65 536 ids of a container hold it.
 */
export const WORKER_ID = 65_533

/** Arguments of setpriv: this user and no other group (absent: the caller's own), no capability now or ever, no new privileges. */
export function setprivArgs (user: { readonly uid: number, readonly gid: number } | undefined): string[] {
  const drop = user === undefined ? [] : ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--bounding-set=-all']
  return [...drop, '--inh-caps=-all', '--ambient-caps=-all', '--no-new-privs', '--']
}
