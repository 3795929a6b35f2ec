// How each call can fail: the errnos of its manual page (man 2, man 3), but for
// EBADF and EFAULT, which the kernel answers to a bug of the caller only, and
// EAGAIN of connected sockets, after which it would owe an event; and how a
// transfer can be short.

import { constants } from 'node:os';

const file = 'EACCES EINTR EIO ELOOP EMFILE ENAMETOOLONG ENFILE ENOENT ENOMEM ENOTDIR EPERM';
const open = `${file} EDQUOT EEXIST EINVAL EISDIR ENODEV ENOSPC ENXIO EOVERFLOW EROFS ETXTBSY EBUSY`;
const look = 'EACCES ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW EIO';
const change = 'EACCES EBUSY EDQUOT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS';
const receive = 'ECONNREFUSED ECONNRESET EINTR EINVAL ENOMEM ENOTCONN';
const transmit = 'EACCES EALREADY ECONNRESET EINTR EINVAL EISCONN EMSGSIZE ENOBUFS ENOMEM ENOTCONN EPIPE';
const lookup = 'EINTR EIO EMFILE ENFILE ENOMEM ERANGE';

const errnos = {
	malloc: 'ENOMEM',
	open, openat: open, fopen: `${open} ENOMEM`,
	opendir: file, fdopendir: file, scandir: file, readdir: 'EIO ENOENT ENOMEM',
	fdopen: 'EINVAL ENOMEM',
	close: 'EINTR EIO ENOSPC EDQUOT',
	fcntl: 'EINVAL EMFILE EPERM', lock: 'EACCES EAGAIN EINTR ENOLCK',
	ioctl: 'EINVAL ENOTTY',
	read: 'EAGAIN EINTR EIO EINVAL EISDIR half byte',
	pread: 'EINTR EIO EINVAL EOVERFLOW ENXIO half byte',
	readv: 'EAGAIN EINTR EIO EINVAL',
	write: 'EAGAIN EDQUOT EFBIG EINTR EINVAL EIO ENOSPC EPERM EPIPE half byte',
	pwrite: 'EDQUOT EFBIG EINTR EINVAL EIO ENOSPC EPERM ENXIO EOVERFLOW half byte',
	writev: 'EAGAIN EDQUOT EFBIG EINTR EIO ENOSPC EPIPE',
	recv: `${receive} half byte`, recvmsg: receive,
	send: `${transmit} half byte`, sendmsg: transmit,
	getrandom: 'EAGAIN EINTR ENOSYS half byte',
	fsync: 'EINTR EIO ENOSPC EROFS EINVAL EDQUOT',
	fdatasync: 'EINTR EIO ENOSPC EROFS EINVAL EDQUOT',
	ftruncate: 'EINTR EINVAL EFBIG EIO EPERM EROFS ETXTBSY EACCES',
	lseek: 'EINVAL ENXIO EOVERFLOW ESPIPE',
	posix_fallocate: 'EFBIG EINTR EINVAL ENODEV ENOSPC EOPNOTSUPP',
	stat: look, lstat: look, fstat: 'ENOMEM EOVERFLOW EIO', fstatat: look,
	fstatvfs: 'EINTR EIO ENOMEM ENOSYS EOVERFLOW',
	access: `${look} EROFS ETXTBSY EPERM`, faccessat: `${look} EROFS ETXTBSY EPERM`,
	rename: `${change} EXDEV EINVAL EEXIST`, renameat: `${change} EXDEV EINVAL EEXIST`,
	unlink: change, unlinkat: `${change} EISDIR`,
	mkdir: `${change} EMLINK`, mkdirat: `${change} EMLINK`,
	fchmod: 'EIO EPERM EROFS', flock: 'EINTR EINVAL ENOLCK EWOULDBLOCK',
	realpath: look, readlink: look,
	mmap: 'EACCES EAGAIN EINVAL ENFILE ENODEV ENOMEM EPERM',
	socket: 'EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM',
	bind: 'EACCES EADDRINUSE EINVAL EADDRNOTAVAIL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EROFS',
	listen: 'EADDRINUSE EOPNOTSUPP',
	accept: 'EAGAIN ECONNABORTED EINTR EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPERM EPROTO',
	accept4: 'EAGAIN ECONNABORTED EINTR EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPERM EPROTO',
	connect: 'EACCES EPERM EADDRINUSE EAGAIN ECONNREFUSED EINTR ENETUNREACH EPROTOTYPE ETIMEDOUT ENOENT',
	getsockopt: 'EINVAL ENOPROTOOPT', setsockopt: 'EINVAL ENOPROTOOPT', shutdown: 'EINVAL ENOTCONN',
	epoll_create1: 'EMFILE ENFILE ENOMEM',
	epoll_ctl: 'ENOMEM ENOSPC EPERM',
	epoll_wait: 'EINTR', poll: 'EINTR EINVAL ENOMEM',
	eventfd: 'EMFILE ENFILE ENODEV ENOMEM', signalfd: 'EMFILE ENFILE ENODEV ENOMEM',
	timerfd_create: 'EMFILE ENFILE ENODEV ENOMEM EPERM', timerfd_settime: 'EINVAL ECANCELED',
	inotify_init1: 'EMFILE ENFILE ENOMEM',
	inotify_add_watch: 'EACCES ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR',
	pthread_create: 'EAGAIN EPERM', fork: 'EAGAIN ENOMEM', waitpid: 'EINTR',
	pipe2: 'EMFILE ENFILE', dup2: 'EBUSY EINTR EMFILE', kill: 'EPERM ESRCH',
	getrlimit: 'EINVAL', setrlimit: 'EINVAL EPERM', gethostname: 'EINVAL ENAMETOOLONG',
	getpwnam: lookup, getpwuid: lookup, getgrnam: lookup,
};

const shorts = ['half', 'byte'];

/** What can happen to `call`, as the library is told it: [{ what, name }]. */
export function failures(call) {
	const names = errnos[call];
	if (names === undefined)
		throw new Error(`${call}: no row of errnos.js says how it fails`);
	return names.split(' ').map(name => {
		const what = shorts.includes(name) ? name : constants.errno[name];
		if (what === undefined)
			throw new Error(`${call}: ${name} is no errno of this system`);
		return { what, name };
	});
}
