/* SPDX-License-Identifier: BSD-3-Clause */

#include <config.h>

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "interpose.h"

#if __ELF_NATIVE_CLASS == 64
#define SYMBOL_OF(info) ELF64_R_SYM (info)
#else
#define SYMBOL_OF(info) ELF32_R_SYM (info)
#endif

struct search {
  uintptr_t address;
  struct interposed *list;
  size_t n;
};

/* A loaded object, as its dynamic section describes it. */
struct object {
  uintptr_t base;
  uintptr_t relro, relro_end;   /* read-only after the relocation */
  const ElfW(Sym) *symbols;
  const char *names;
  uintptr_t tables[3];          /* of relocations: JMPREL, RELA, REL */
  size_t sizes[3], entries[3];  /* bytes, of each and of one entry */
};

static bool
holds (const struct dl_phdr_info *info, uintptr_t address)
{
  const ElfW(Phdr) *p;

  for (p = info->dlpi_phdr; p < info->dlpi_phdr + info->dlpi_phnum; ++p)
    if (p->p_type == PT_LOAD &&
        address - info->dlpi_addr - p->p_vaddr < p->p_memsz)
      return true;
  return false;
}

/* Some dynamic linkers add the base to these pointers, some do not. */
static uintptr_t
pointer (const struct object *o, const ElfW(Dyn) *d)
{
  return d->d_un.d_ptr < o->base ? o->base + d->d_un.d_ptr : d->d_un.d_ptr;
}

static void
read_dynamic (struct object *o, const ElfW(Dyn) *d)
{
  for (; d->d_tag != DT_NULL; ++d)
    switch (d->d_tag) {
    case DT_SYMTAB: o->symbols = (const ElfW(Sym) *) pointer (o, d); break;
    case DT_STRTAB: o->names = (const char *) pointer (o, d); break;
    case DT_JMPREL: o->tables[0] = pointer (o, d); break;
    case DT_PLTRELSZ: o->sizes[0] = d->d_un.d_val; break;
    case DT_PLTREL:
      o->entries[0] = d->d_un.d_val == DT_RELA ? sizeof (ElfW(Rela))
                                               : sizeof (ElfW(Rel));
      break;
    case DT_RELA: o->tables[1] = pointer (o, d); break;
    case DT_RELASZ: o->sizes[1] = d->d_un.d_val; break;
    case DT_REL: o->tables[2] = pointer (o, d); break;
    case DT_RELSZ: o->sizes[2] = d->d_un.d_val; break;
    }
  o->entries[1] = sizeof (ElfW(Rela));
  o->entries[2] = sizeof (ElfW(Rel));
}

static bool
overwrite (const struct object *o, uintptr_t slot, void *function)
{
  const uintptr_t page_size = (uintptr_t) sysconf (_SC_PAGESIZE);
  const uintptr_t page = slot & ~(page_size - 1);
  void *p = (void *) page;

  if (mprotect (p, page_size, PROT_READ | PROT_WRITE) == -1)
    return false;
  memcpy ((void *) slot, &function, sizeof function);
  return slot < o->relro || slot >= o->relro_end ||
    mprotect (p, page_size, PROT_READ) == 0;
}

/* The first two members of Rela are those of Rel. */
static void
search_table (const struct object *o, int table, const struct search *s)
{
  const size_t entry = o->entries[table];
  const char *name;
  size_t at, i;

  for (at = 0; o->tables[table] && at < o->sizes[table]; at += entry) {
    const ElfW(Rel) *r = (const ElfW(Rel) *) (o->tables[table] + at);

    if (SYMBOL_OF (r->r_info) == 0)
      continue;
    name = o->names + o->symbols[SYMBOL_OF (r->r_info)].st_name;
    for (i = 0; i < s->n; ++i)
      if (strcmp (name, s->list[i].name) == 0 &&
          overwrite (o, o->base + r->r_offset, s->list[i].function))
        s->list[i].found = true;
  }
}

static int
search_object (struct dl_phdr_info *info, size_t size
               __attribute__ ((__unused__)), void *sv)
{
  const struct search *s = sv;
  struct object o = { .base = info->dlpi_addr };
  const ElfW(Dyn) *dynamic = NULL;
  const ElfW(Phdr) *p;
  int i;

  if (!holds (info, s->address))
    return 0;
  for (p = info->dlpi_phdr; p < info->dlpi_phdr + info->dlpi_phnum; ++p) {
    if (p->p_type == PT_DYNAMIC)
      dynamic = (const ElfW(Dyn) *) (o.base + p->p_vaddr);
    else if (p->p_type == PT_GNU_RELRO) {
      o.relro = o.base + p->p_vaddr;
      o.relro_end = o.relro + p->p_memsz;
    }
  }
  if (dynamic) {
    read_dynamic (&o, dynamic);
    for (i = 0; o.symbols && o.names && i < 3; ++i)
      search_table (&o, i, s);
  }
  return 1;
}

bool
interpose (const void *address, struct interposed *list, size_t n)
{
  struct search s = { (uintptr_t) address, list, n };
  size_t i;

  dl_iterate_phdr (search_object, &s);
  for (i = 0; i < n; ++i)
    if (!list[i].found && !list[i].optional)
      return false;
  return true;
}
