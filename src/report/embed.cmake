# cmake -DOUTPUT=FILE -DSOURCE=DIR -P embed.cmake: files of SOURCE as C arrays. Done
# by CMake itself, so that no tool has to be built for the machine that builds.
set(code "/* Made from files of src/report/ by embed.cmake. */\n#include \"report/assets.h\"\n")
set(style page.css)
set(script prepare.js net.js pad.js)
foreach(asset style script)
  set(hex "")
  foreach(name ${${asset}})
    file(READ ${SOURCE}/${name} part HEX)
    string(APPEND hex "${part}")
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes
         "${bytes}")
  string(APPEND code "static const unsigned char ${asset}[] = {\n${bytes}};\n"
         "const mnist_asset mnist_asset_${asset} = {${asset}, sizeof ${asset}};\n")
endforeach()
file(WRITE ${OUTPUT} "${code}")
