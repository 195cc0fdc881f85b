// What one launch moves: its blocks in the order in which a device dispatches them, those that are resident interleaved in
// time, through first-level caches of the multiprocessors and one second-level cache. Sectors of 32 bytes, lines of four.
// Arguments and results are key=value, as traffic.py writes and reads them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <queue>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Address = std::uint64_t;
constexpr Address SECTOR = 32, LINE = 128;

int sectors_in(unsigned mask) { return __builtin_popcount(mask); }

// Least recently used of 16 ways; sets are hashed, as on devices, so that strides do not collide.
class Cache {
 public:
  explicit Cache(double bytes) : sets(std::max<Address>(1, Address(bytes) / LINE / WAYS)), ways(sets * WAYS) {}

  // The sectors of `mask` that were not there; now all are.
  unsigned access(Address line, unsigned mask, bool write) {
    Way* const set = &ways[mixed(line) % sets * WAYS];
    Way* victim = set;
    ++now;
    for (Way* way = set; way < set + WAYS; ++way) {
      if (way->line == line) {
        const unsigned missing = mask & ~way->valid;
        way->valid |= mask, way->used = now;
        if (write) way->dirty |= mask;
        return missing;
      }
      if (way->used < victim->used) victim = way;
    }
    written += sectors_in(victim->dirty);
    *victim = Way{line, now, mask, write ? mask : 0};
    return mask;
  }

  // Sectors written back so far, and those that still have to be.
  Address written_back() const {
    Address sum = written;
    for (const Way& way : ways) sum += sectors_in(way.dirty);
    return sum;
  }

 private:
  enum { WAYS = 16 };
  struct Way {
    Address line = ~Address(0);
    std::uint64_t used = 0;
    unsigned valid = 0, dirty = 0;
  };
  static Address mixed(Address x) {
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdull;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ull;
    return x ^ x >> 33;
  }
  Address sets, written = 0;
  std::uint64_t now = 0;
  std::vector<Way> ways;
};

// One load: elements of an array beside the thread's own.
struct Read {
  int array, layer, row, column;
};

class Arguments {
 public:
  Arguments(int count, char** texts) {
    for (int k = 1; k < count; ++k) {
      const std::string text = texts[k];
      const auto equals = text.find('=');
      values[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  double number(const std::string& name) const { return std::atof(values.at(name).c_str()); }
  // Numbers with anything between them.
  std::vector<int> numbers(const std::string& name) const {
    std::string text = values.at(name);
    for (char& c : text)
      if (c == ',' || c == ':' || c == ';') c = ' ';
    std::istringstream stream(text);
    std::vector<int> found;
    for (int n; stream >> n;) found.push_back(n);
    return found;
  }

 private:
  std::map<std::string, std::string> values;
};

struct Launch {
  std::int64_t columns, rows, layers;  // of the arrays, in elements
  int x, y, z, elements, planes;       // threads of a block; elements and planes of a thread
  int slab;                            // log2 of the row blocks of a slab; -1: none
  std::vector<int> items;              // bytes of an element, inputs first
  int inputs;
  std::vector<Read> reads;

  explicit Launch(const Arguments& given)
      : columns(std::int64_t(given.number("columns"))),
        rows(std::int64_t(given.number("rows"))),
        layers(std::int64_t(given.number("layers"))),
        x(int(given.number("x"))),
        y(int(given.number("y"))),
        z(int(given.number("z"))),
        elements(int(given.number("elements"))),
        planes(int(given.number("planes"))),
        slab(int(given.number("slab"))),
        items(given.numbers("items")),
        inputs(int(given.number("inputs"))) {
    const std::vector<int> all = given.numbers("reads");
    for (std::size_t k = 0; k + 3 < all.size(); k += 4)
      reads.push_back({all[k], all[k + 1], all[k + 2], all[k + 3]});
  }

  std::int64_t blocks_x() const { return over(columns, std::int64_t(x) * elements); }
  std::int64_t blocks_y() const { return over(rows, y); }
  std::int64_t blocks_z() const { return over(layers, std::int64_t(z) * planes); }
  std::int64_t slabs() const { return slab < 0 ? 1 : over(blocks_y(), std::int64_t(1) << slab); }
  std::int64_t count() const {
    return blocks_x() * blocks_z() * (slab < 0 ? blocks_y() : slabs() << slab);
  }

  // The place of block number b, as apply.cu finds it.
  void place(std::int64_t b, std::int64_t& column, std::int64_t& row, std::int64_t& layer) const {
    if (slab < 0) {
      column = b % blocks_x(), b /= blocks_x();
      row = b % blocks_y(), layer = b / blocks_y();
    } else {
      const std::int64_t wide = blocks_x() << slab, within = b % wide;
      b /= wide, layer = b % blocks_z();
      column = within >> slab, row = (b / blocks_z() << slab) + (within & ((1 << slab) - 1));
    }
  }

 private:
  static std::int64_t over(std::int64_t n, std::int64_t of) { return (n + of - 1) / of; }
};

class Device {
 public:
  Device(const Launch& launch, const Arguments& given)
      : launch(launch),
        resident(int(given.number("resident"))),
        first(std::size_t(given.number("multiprocessors")), Cache(given.number("first"))),
        second(given.number("second")) {
    Address end = 0;
    for (int item : launch.items) {
      base.push_back(end);
      end += Address(launch.columns * launch.rows * launch.layers * item + 37 * 4096) / LINE * LINE;
    }
    touched.assign(end / SECTOR + 1, false);
  }

  void run() {
    struct Event {
      double time;
      std::int64_t block;
      int where, phase;
      bool operator<(const Event& other) const { return time > other.time; }
    };
    std::priority_queue<Event> events;
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> about(0.8, 1.2);
    std::int64_t next = 0;
    for (int k = 0; k < resident; ++k)
      for (int where = 0; where < int(first.size()) && next < launch.count(); ++where)
        events.push({k * 0.01 + where * 1e-5, next++, where, 0});
    while (!events.empty()) {
      const Event event = events.top();
      events.pop();
      const bool stores = event.phase % 2;
      step(event.block, event.where, event.phase / 2, stores);
      if (event.phase + 1 < 2 * launch.planes)
        events.push({event.time + (stores ? 0.1 : 0.8) * about(random), event.block, event.where, event.phase + 1});
      else if (next < launch.count())
        events.push({event.time + 0.2 * about(random), next++, event.where, 0});
    }
  }

  void report() const {
    const double points = double(launch.columns * launch.rows * launch.layers);
    std::printf("points=%.0f asked=%.0f second_reads=%.0f second_writes=%.0f memory_reads=%.0f memory_writes=%.0f "
                "least_reads=%.0f least_writes=%.0f\n",
                points, asked * 32.0, second_reads * 32.0, second_writes * 32.0, memory_reads * 32.0,
                second.written_back() * 32.0, least_reads * 32.0, least_writes * 32.0);
  }

 private:
  // Loads or stores of all warps of a block, of one of its planes.
  void step(std::int64_t block, int where, int plane, bool stores) {
    std::int64_t column, row, layer;
    launch.place(block, column, row, layer);
    const int along = std::min(launch.x, 32), warps_along = launch.x / along;
    for (int k = 0; k < launch.y * launch.z * warps_along; ++k) {
      const int line = k / warps_along;
      const std::int64_t r = row * launch.y + line % launch.y,
                         l = (layer * launch.z + line / launch.y) * launch.planes + plane,
                         c = (column * launch.x + k % warps_along * along) * launch.elements,
                         end = std::min<std::int64_t>(c + along * launch.elements, launch.columns);
      if (r >= launch.rows || l >= launch.layers || c >= end) continue;
      if (stores) {
        for (std::size_t a = std::size_t(launch.inputs); a < launch.items.size(); ++a) move(where, int(a), l, r, c, end, true);
      } else {
        for (const Read& read : launch.reads)
          move(where, read.array, l + read.layer, r + read.row, c + read.column, end + read.column, false);
      }
    }
  }

  // Elements [from, to) of a row; those beyond an end are its last ones, as rows that are data read near them.
  void move(int where, int array, std::int64_t layer, std::int64_t row, std::int64_t from, std::int64_t to, bool write) {
    from = std::max<std::int64_t>(from, 0), to = std::min(to, launch.columns);
    if (from >= to) return;
    row = std::clamp<std::int64_t>(row, 0, launch.rows - 1), layer = std::clamp<std::int64_t>(layer, 0, launch.layers - 1);
    const Address item = Address(launch.items[std::size_t(array)]),
                  line_start = base[std::size_t(array)] + Address((layer * launch.rows + row) * launch.columns) * item;
    const Address start = line_start + Address(from) * item, end = line_start + Address(to) * item;
    for (Address line = start / LINE; line <= (end - 1) / LINE; ++line) {
      unsigned mask = 0;
      for (Address s = std::max(start, line * LINE) / SECTOR; s <= (std::min(end, line * LINE + LINE) - 1) / SECTOR; ++s) {
        mask |= 1u << (s % (LINE / SECTOR));
        if (!touched[s]) touched[s] = true, ++(write ? least_writes : least_reads);
      }
      if (write) {
        second_writes += sectors_in(mask);
        second.access(line, mask, true);
      } else {
        asked += sectors_in(mask);
        const unsigned missing = first[std::size_t(where)].access(line, mask, false);
        second_reads += sectors_in(missing);
        if (missing) memory_reads += sectors_in(second.access(line, missing, false));
      }
    }
  }

  const Launch& launch;
  const int resident;
  std::vector<Cache> first;
  Cache second;
  std::vector<Address> base;
  std::vector<bool> touched;
  Address asked = 0, second_reads = 0, second_writes = 0, memory_reads = 0, least_reads = 0, least_writes = 0;
};

}  // namespace

int main(int count, char** texts) {
  const Arguments given(count, texts);
  const Launch launch(given);
  Device device(launch, given);
  device.run();
  device.report();
}
