/* What this very process takes of the machine. */
#ifndef FCGI_OWN_PROCESS_H
#define FCGI_OWN_PROCESS_H

/* NAN: not known. */
struct own_process {
	double cpu_seconds;
	double resident_bytes, virtual_bytes;
	double open_files, files_max;
};

void own_process_read(struct own_process *ret);

#endif
