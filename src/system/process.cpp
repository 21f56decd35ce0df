#include "system/process.hpp"

#include <elf.h>
#include <fmt/ranges.h>
#include <link.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace concdemo {
namespace {

// The build id in one segment of notes: headers, each before a name and a value that are padded to whole words.
std::string build_id_in(const char* notes, std::size_t bytes, std::size_t alignment) {
  const auto padded = [&](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    const std::size_t value = sizeof note + padded(note.n_namesz);
    const std::size_t whole = value + padded(note.n_descsz);
    if (whole > bytes) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(notes + sizeof note, "GNU", 4) == 0) {
      const auto* const id = reinterpret_cast<const unsigned char*>(notes + value);
      return fmt::format("{:02x}", fmt::join(id, id + note.n_descsz, ""));
    }
    notes += whole;
    bytes -= whole;
  }
  return "";
}

// The program itself comes first; what it has loaded is not asked for.
int note_of_program(dl_phdr_info* program, std::size_t, void* found) {
  auto& id = *static_cast<std::string*>(found);
  for (int i = 0; i < program->dlpi_phnum && id.empty(); ++i) {
    const auto& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const char*>(program->dlpi_addr + segment.p_vaddr);
    id = build_id_in(notes, segment.p_memsz, segment.p_align == 8 ? 8 : 4);
  }
  return 1;
}

// File systems of one machine alone.
constexpr std::array<unsigned, 8> local_kinds{EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                              TMPFS_MAGIC,      RAMFS_MAGIC,     OVERLAYFS_SUPER_MAGIC,
                                              F2FS_SUPER_MAGIC, 0x2fc12fc1 /* ZFS */};

std::string machine() {  // the kernel that numbers devices; containers and sandboxes on it have other host names
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id;
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(note_of_program, &id);
  return id;
}

WorkingFolder working_folder() {
  std::error_code error;
  const auto path = std::filesystem::current_path(error);
  struct stat folder {};
  struct statfs system {};
  if (error || ::stat(".", &folder) != 0 || ::statfs(".", &system) != 0) return {};
  const auto kind = static_cast<unsigned>(system.f_type);
  std::string key = fmt::format("inode {}", folder.st_ino);
  if (kind == FUSE_SUPER_MAGIC) {
    key = path.string();  // each machine may number its files anew
  } else if (std::find(local_kinds.begin(), local_kinds.end(), kind) != local_kinds.end()) {
    key += fmt::format(" of device {:x}, boot id {}", folder.st_dev, machine());
  } else {
    key += " named " + path.filename().string();
  }
  return {path.string(), key};
}

}  // namespace concdemo
