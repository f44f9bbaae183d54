// @ts-check
/** The data sets; a new one is a file here, and a line in this list. */

import { many } from "./many.js";
import { mixed } from "./mixed.js";
import { oneBig } from "./one-big.js";
import { tiny } from "./tiny.js";
import { toast } from "./toast.js";
import { wide } from "./wide.js";

/** @type {readonly import("./data-set.js").DataSet[]} */
export const dataSets = [tiny, many, mixed, oneBig, wide, toast];
