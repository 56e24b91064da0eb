"""How often a customer had written before: counted when tickets land, from strictly earlier ones only."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ticket_triage.sources.dates import Times


def earlier_tickets(customers: pa.Array | pa.ChunkedArray, times: Times) -> pa.Array:
    """Per ticket the number of tickets that its customer opened before it; those of the same moment are not.

    An int32 array, missing where the customer or the time is.
    """
    if isinstance(customers, pa.ChunkedArray):
        customers = customers.combine_chunks()
    code = pc.fill_null(customers.dictionary_encode().indices, -1).to_numpy()
    count = np.zeros(len(code), np.int32)
    again = np.flatnonzero(np.bincount(code + 1)[code + 1] > 1)  # most customers have one ticket
    if again.size:
        order = again[np.lexsort((times[again], code[again]))]
        new_customer = np.r_[True, code[order[1:]] != code[order[:-1]]]
        new_moment = new_customer | np.r_[True, times[order[1:]] != times[order[:-1]]]
        place = np.arange(order.size)
        first = np.maximum.accumulate(np.where(new_customer, place, 0))
        moment = np.maximum.accumulate(np.where(new_moment, place, 0))
        count[order] = moment - first
    return pa.array(count, mask=(code < 0) | np.isnat(times))
