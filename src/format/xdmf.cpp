#include "format/xdmf.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/printable.hpp"

namespace concdemo {
namespace {

namespace fs = std::filesystem;

// As XML has it; what no XML can hold (bytes that are not UTF-8, most control characters) is shown as on a screen.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, bytes, is_well_formed, is_printable] = character_at(text, at);
    const auto character = text.substr(at, bytes);
    at += bytes;
    const bool is_special = character.find_first_of("&<>\"'\t\n\r") == 0;
    if (is_special || (is_well_formed && !is_printable && code >= 0x20)) {
      out += fmt::format("&#{};", static_cast<std::uint32_t>(code));
    } else {
      out += printable(character);
    }
  }
  return out;
}

}  // namespace

std::string xdmf_opening(const std::string& file_name) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Xdmf Version=\"3.0\">\n<Domain>\n"
      "<Information Name=\"concdemo\" Value=\"committed snapshots of {}\"/>\n",
      escaped(file_name));
}

std::string xdmf_path(const std::string& file) {
  const fs::path path(file);
  const auto extension = path.extension();
  const bool is_usual = extension == ".h5" || extension == ".hdf5" || extension == ".nc";
  return is_usual ? fs::path(path).replace_extension(".xmf").string() : file + ".xmf";
}

std::string xdmf_partial_path(const std::string& file) { return xdmf_path(file) + ".partial"; }

// As a layer of a 3-D grid: one of two dimensions lies in the plane of y and z for ParaView.
std::string xdmf_text(const std::string& file_name, const XdmfField& field, std::span<const double> times) {
  const auto& [name, snapshots, rows, columns] = field;
  auto text = xdmf_opening(file_name);
  text += fmt::format("<Grid Name=\"{}\" GridType=\"Collection\" CollectionType=\"Temporal\">\n", escaped(name));
  for (std::size_t i = 0; i < times.size(); ++i) {
    text += fmt::format(
        R"(<Grid Name="{0}" GridType="Uniform"><Time Value="{1}"/>
 <Topology TopologyType="3DCoRectMesh" Dimensions="1 {3} {4}"/>
 <Geometry GeometryType="ORIGIN_DXDYDZ">
  <DataItem Format="XML" NumberType="Float" Precision="8" Dimensions="3">0 0 0</DataItem>
  <DataItem Format="XML" NumberType="Float" Precision="8" Dimensions="3">1 1 1</DataItem>
 </Geometry>
 <Attribute Name="{0}" AttributeType="Scalar" Center="Node">
  <DataItem ItemType="HyperSlab" Dimensions="1 {3} {4}">
   <DataItem Format="XML" NumberType="Int" Precision="8" Dimensions="3 3">{5} 0 0  1 1 1  1 {3} {4}</DataItem>
   <DataItem Format="HDF" NumberType="Float" Precision="8" Dimensions="{2} {3} {4}">{6}:/{0}</DataItem>
  </DataItem>
 </Attribute>
</Grid>
)",
        escaped(name), times[i], snapshots, rows, columns, i, escaped(file_name));
  }
  return text + "</Grid>\n</Domain>\n</Xdmf>\n";
}

}  // namespace concdemo
