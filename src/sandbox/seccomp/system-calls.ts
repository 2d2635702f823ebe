/**
 * A system call's number by machine: the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
 * undefined = the machine does not have the call.
 */
export interface SystemCall { readonly name: string, readonly x64: number | undefined, readonly arm64: number | undefined }

/** From here on a call has one number on all machines. */
const FIRST_COMMON = 424

/** Calls that no MCP server needs and that reach past a sandbox, or have been ways out of one. They fail with EPERM. */
export const DENIED: readonly SystemCall[] = [
  // What is mounted where.
  call('mount', 165, 40), call('umount2', 166, 39), call('pivot_root', 155, 41), call('chroot', 161, 51), call('move_mount', 429),
  call('open_tree', 428), call('open_tree_attr', 467), call('fsopen', 430), call('fsconfig', 431), call('fsmount', 432),
  call('fspick', 433), call('mount_setattr', 442),
  // Files by handle, past every view of the file system.
  call('name_to_handle_at', 303, 264), call('open_by_handle_at', 304, 265),
  // Other processes' memory and descriptors.
  call('ptrace', 101, 117), call('process_vm_readv', 310, 270), call('process_vm_writev', 311, 271), call('kcmp', 312, 272),
  call('pidfd_getfd', 438), call('move_pages', 279, 239), call('migrate_pages', 256, 238),
  // Other namespaces.
  call('setns', 308, 268),
  // Code in the kernel, and what has most often led there.
  call('init_module', 175, 105), call('finit_module', 313, 273), call('delete_module', 176, 106), call('create_module', 174),
  call('kexec_load', 246, 104), call('kexec_file_load', 320, 294), call('bpf', 321, 280), call('perf_event_open', 298, 241),
  call('userfaultfd', 323, 282), call('io_uring_setup', 425), call('io_uring_enter', 426), call('io_uring_register', 427),
  call('modify_ldt', 154), call('uselib', 134), call('nfsservctl', 180, 42), call('lookup_dcookie', 212, 18), call('_sysctl', 156),
  // Keys of the user's keyring, which namespaces do not divide.
  call('add_key', 248, 217), call('request_key', 249, 218), call('keyctl', 250, 219),
  // The machine.
  call('reboot', 169, 142), call('swapon', 167, 224), call('swapoff', 168, 225), call('settimeofday', 164, 170),
  call('clock_settime', 227, 112), call('sethostname', 170, 161), call('setdomainname', 171, 162), call('iopl', 172), call('ioperm', 173),
  call('syslog', 103, 116), call('acct', 163, 89), call('quotactl', 179, 60), call('quotactl_fd', 443), call('vhangup', 153, 58),
  call('fanotify_init', 300, 262)
]

/** Calls that depend on their arguments. */
export const CLONE = call('clone', 56, 220)
export const CLONE3 = call('clone3', 435)
export const UNSHARE = call('unshare', 272, 97)
export const IOCTL = call('ioctl', 16, 29)
export const SOCKET = call('socket', 41, 198)
export const SOCKETPAIR = call('socketpair', 53, 199)

function call (name: string, x64: number, arm64: number | undefined = x64 >= FIRST_COMMON ? x64 : undefined): SystemCall {
  return { name, x64, arm64 }
}
