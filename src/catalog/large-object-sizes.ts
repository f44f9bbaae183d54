/** The SQL of large objects' sizes. */

import type { LargeObjectAccess } from "./large-objects.js";

/** INV_READ of libpq-fs.h. */
const INV_READ = 262_144;
/** SEEK_END of stdio.h. */
const SEEK_END = 2;

/**
 * A query of `oid` and `bytes`. With the catalog, up to a page too many: the number of the last page
 * is in the index, its length is not. It takes one or two microseconds for each object. OFFSET 0
 * keeps the query apart from what is around it, which would else look up each size once for every
 * use of it, or each object once for every chunk.
 *
 * @param condition an SQL condition on `m.oid`.
 */
export function largeObjectSizes(access: LargeObjectAccess, condition = "true"): string {
  if (access === "functions") return sizesByFunctions(condition);
  return `
select m.oid, coalesce((select p.pageno::bigint + 1 from pg_catalog.pg_largeobject p
                        where p.loid = m.oid order by p.pageno desc limit 1), 0)
              * (current_setting('block_size')::int / 4) as bytes
from pg_catalog.pg_largeobject_metadata m
where ${condition}
offset 0`;
}

/** Exact, and each object is closed as soon as its end is known: closing depends on what was found. */
function sizesByFunctions(condition: string): string {
  return `
select m.oid, ending.bytes
from pg_catalog.pg_largeobject_metadata m,
     lateral pg_catalog.lo_open(m.oid, ${INV_READ}) as opened (descriptor),
     lateral pg_catalog.lo_lseek64(opened.descriptor, 0, ${SEEK_END}) as ending (bytes),
     lateral pg_catalog.lo_close(case when ending.bytes >= 0 then opened.descriptor end) as closed (ok)
where ${condition}
offset 0`;
}
