"""How often a customer had written before: counted when tickets land, from strictly earlier ones only."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ticket_triage.sources.dates import Times


def earlier_tickets(customers: pa.ChunkedArray, times: Times) -> pa.Array:
    """Per ticket the number of tickets that its customer opened before it; those of the same moment are not.

    An int32 array, missing where the customer or the time is.
    """
    if not len(customers):
        return pa.array([], pa.int32())
    code = pc.fill_null(customers.combine_chunks().dictionary_encode().indices, -1).to_numpy()
    order = np.lexsort((times, code))
    code_, time_ = code[order], times[order]
    place = np.arange(len(order))
    new_customer = np.r_[True, code_[1:] != code_[:-1]]
    new_moment = new_customer | np.r_[True, time_[1:] != time_[:-1]]
    first = np.maximum.accumulate(np.where(new_customer, place, 0))
    moment = np.maximum.accumulate(np.where(new_moment, place, 0))
    count = np.empty(len(order), np.int32)
    count[order] = moment - first
    return pa.array(count, mask=(code < 0) | np.isnat(times))
