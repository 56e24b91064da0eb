-- Each request takes the next line of a file as its body; what wrk measured is printed as JSON.
local bodies = {}

function init(args)
   for line in io.lines(args[1]) do bodies[#bodies + 1] = line end
   local next_line = tonumber(args[2])
   local path, headers = args[3], { ["Content-Type"] = "application/json" }
   for i = 4, #args, 2 do headers[args[i]] = args[i + 1] end
   request = function()
      next_line = next_line % #bodies + 1
      return wrk.format("POST", path, headers, bodies[next_line])
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "errors": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
