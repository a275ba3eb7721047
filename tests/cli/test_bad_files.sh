#!/usr/bin/env bash
# test_bad_files.sh BUILD-DIR SOURCE-DIR: what the programs say to wrong data, models and checkpoints. A row names a file that
# bad_files.py makes, and states all of the message.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/table.sh"
maker=$(CDPATH='' cd -- "$2" && pwd)/tests/cli/bad_files.py
start "$1"
bad=../bad
mkdir "$bad" taken
"$train" --dataset synthetic --synthetic-train 30 --synthetic-test 10 --hidden 4 -e 2 -q --checkpoint base.ckpt >/dev/null
python3 "$maker" "$bad" base.ckpt

# Whatever size a file states, it is refused before memory is taken: else some messages below would say that memory is
# short. (A sanitizer takes more address space than this for itself.)
if ! grep -Eaq '__(a|t)san_init' "$train"; then
    ulimit -v 1500000
fi

activations=$(choices activation)
activations="${activations%, *} or ${activations##*, }"
tests=(--test-images "$bad/images-good" --test-labels "$bad/labels-good")
net=(--hidden 4 -e 1)

# given IMAGES LABELS MESSAGE: the message holds the file's name
given()
{
    fails 1 "$train" "$3" --train-images "$bad/$1" --train-labels "$bad/$2" "${tests[@]}" "${net[@]}"
}

images() { given "images-$1" labels-good "$bad/images-$1: $2"; }
images_gz() { given "images-$1" labels-good "$bad/images-$1 (gunzipped): $2"; }
labels() { given images-good "labels-$1" "$bad/labels-$1: $2"; }
labels_gz() { given images-good "labels-$1" "$bad/labels-$1 (gunzipped): $2"; }
model() { fails 1 "$eval" "$bad/model-$1: $2" -q "$bad/model-$1" "${tests[@]}"; }
of_model() { fails 1 "$eval" "$bad/model-$1: $2" -q "$bad/model-$1" "${@:3}"; }
log() { fails 1 "$eval" "$bad/log-$1: $2" -q --report r.html --log "$bad/log-$1" "$bad/model-${3:-good}" "${tests[@]}"; }
ckpt() { fails 1 "$train" "$bad/ckpt-$1: $2" -q --resume "$bad/ckpt-$1"; }

# --- The files that all of them are made of are good ------------------------------------------------

begin 'good files'
for file in images-good images-gz-good; do
    run 0 "$train" --train-images "$bad/$file" --train-labels "$bad/labels-good" "${tests[@]}" "${net[@]}" -q
done
for file in "$bad"/labels-*good; do
    run 0 "$train" --train-images "$bad/images-good" --train-labels "$file" "${tests[@]}" "${net[@]}" -q
done
for file in "$bad"/model-*good; do
    case $file in
    *options*) run 0 "$eval" -q "$file" ;;
    *) run 0 "$eval" -q "$file" "${tests[@]}" ;;
    esac
    out_matches '^test_loss=2\.302585 test_acc=0\.[0-9]+ '
done
for file in "$bad"/log-*good; do
    for model in model-good model-logged-good; do
        run 0 "$eval" -q --report good.html --log "$file" "$bad/$model" "${tests[@]}"
        expect 'there are no curves' grep -q 'id="course"' good.html
    done
done
rm -f good.html
for file in "$bad"/ckpt-*good; do
    run 0 "$train" -q --resume "$file"
    out_matches '^test_loss=2\.233208 test_acc=0\.3 '
done
rm -f base.ckpt

# --- Images ---------------------------------------------------------------------------------------------

given none labels-good "$bad/none: cannot be opened: No such file or directory"
given images-good none "$bad/none: cannot be opened: No such file or directory"
fails 1 "$train" 'taken: no data set that is complete, by the names of its 0 files: expected images and labels as IDX or NPY, an NPZ or CSV file, or folders of PNG or PGM pictures' --train-images taken --train-labels x "${tests[@]}"
fails 1 "$train" '/dev/null: empty: expected an IDX file of images; a download that failed?' --train-images /dev/null \
    --train-labels "$bad/labels-good" "${tests[@]}"
given pair-19-images labels-good "$bad/pair-19-images holds 19 images, but $bad/labels-good holds 40 labels: expected equal \
numbers; a file of the training set beside one of the test set?"
given pair-5x5 labels-good 'training images are 5 x 5 pixels, but test images are 4 x 4'
images empty 'empty: expected an IDX file of images; a download that failed?'
images cut-1 'truncated at byte 1: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-3 'truncated at byte 3: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-4 'truncated at byte 4: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-7 'truncated at byte 7: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-8 'truncated at byte 8: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-12 'truncated at byte 12: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-15 'truncated at byte 15: expected a header of 16 bytes, found the end; an interrupted download?'
images cut-16 'truncated at byte 16: expected 656 bytes (a header of 16 and 40 images of 4 x 4), found 16; an interrupted download?'
images cut-100 'truncated at byte 100: expected 656 bytes (a header of 16 and 40 images of 4 x 4), found 100; an interrupted download?'
images cut-655 'truncated at byte 655: expected 656 bytes (a header of 16 and 40 images of 4 x 4), found 655; an interrupted download?'
images trailing '1 trailing bytes at byte 656: expected the end after a header of 16 bytes and 40 images of 4 x 4; two files written into one, or a damaged header?'
images byte-0 'bad magic 0x01000803 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); not an IDX file?'
images byte-1 'bad magic 0x00010803 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); not an IDX file?'
images type-00 "type code 0x00 (not a type of the format) at byte 2: expected 0x08 (unsigned byte); another data set, or a damaged header?"
images type-07 "type code 0x07 (not a type of the format) at byte 2: expected 0x08 (unsigned byte); another data set, or a damaged header?"
images type-0a "type code 0x0A (not a type of the format) at byte 2: expected 0x08 (unsigned byte); another data set, or a damaged header?"
images type-0b 'its header, of 3 dimensions of 16-bit ints, promises 1296 bytes in all, found 656; an interrupted download, or a damaged header?'
images type-0c 'its header, of 3 dimensions of 32-bit ints, promises 2576 bytes in all, found 656; an interrupted download, or a damaged header?'
images type-0d 'its header, of 3 dimensions of 32-bit floats, promises 2576 bytes in all, found 656; an interrupted download, or a damaged header?'
images type-0e 'its header, of 3 dimensions of 64-bit floats, promises 5136 bytes in all, found 656; an interrupted download, or a damaged header?'
images type-ff "type code 0xFF (not a type of the format) at byte 2: expected 0x08 (unsigned byte); another data set, or a damaged header?"
images rank-0 '0 dimensions at byte 3: expected 3 (images, rows, columns); another data set, or a damaged header?'
images rank-1 'magic 0x00000801 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); this looks like a label file: are the two swapped?'
images rank-2 'its header, of 2 dimensions of unsigned bytes, promises 172 bytes in all, found 656; an interrupted download, or a damaged header?'
images rank-4 'its header, of 4 dimensions of unsigned bytes, promises 2738041651220 bytes in all, found 656; an interrupted download, or a damaged header?'
images rank-255 '255 dimensions at byte 3: expected 3 (images, rows, columns); another data set, or a damaged header?'
images little 'bad magic 0x03080000 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); written in little-endian order?'
images count-0 '0 images at byte 4: expected at least 1; a writer that was stopped before it was done?'
images count-39 '16 trailing bytes at byte 640: expected the end after a header of 16 bytes and 39 images of 4 x 4; two files written into one, or a damaged header?'
images count-41 'truncated at byte 656: expected 672 bytes (a header of 16 and 41 images of 4 x 4), found 656; an interrupted download?'
images count-4294967295 'truncated at byte 656: expected 68719476736 bytes (a header of 16 and 4294967295 images of 4 x 4), found 656; an interrupted download?'
images size-0x4 'images of 0 x 4 at byte 8: expected at least 1 row and 1 column; a damaged header?'
images size-4x0 'images of 4 x 0 at byte 8: expected at least 1 row and 1 column; a damaged header?'
images size-0x0 'images of 0 x 0 at byte 8: expected at least 1 row and 1 column; a damaged header?'
images size-5x4 'truncated at byte 656: expected 816 bytes (a header of 16 and 40 images of 5 x 4), found 656; an interrupted download?'
images size-4x3 '160 trailing bytes at byte 496: expected the end after a header of 16 bytes and 40 images of 4 x 3; two files written into one, or a damaged header?'
images size-65536x65536 'images of 65536 x 65536 at byte 8: expected at most 65536 pixels; a damaged header?'
images size-4294967295x4294967295 'images of 4294967295 x 4294967295 at byte 8: expected at most 65536 pixels; a damaged header?'
images size-257x256 'images of 257 x 256 at byte 8: expected at most 65536 pixels; a damaged header?'
images promise 'truncated at byte 16: expected 281474976645136 bytes (a header of 16 and 4294967295 images of 256 x 256), found 16; an interrupted download?'
images kind-html 'bad magic 0x3C21444F at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); an HTML or XML error page saved as data?'
images kind-bom 'bad magic 0xEFBBBF20 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); an HTML or XML error page saved as data?'
images kind-7z 'bad magic 0x377ABCAF at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a 7-Zip archive: unpack it first?'
images kind-png 'bad magic 0x89504E47 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a PNG image?'
images kind-jpeg 'bad magic 0xFFD8FFE0 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a JPEG image?'
images kind-pgm 'bad magic 0x50352032 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a PGM image?'
images kind-numpy "array '': its header has 24864 bytes by its byte 8, expected at most 65536 and no more than the 59 there are"
images kind-hdf5 'bad magic 0x89484446 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); an HDF5 file?'
images kind-matlab 'bad magic 0x4D41544C at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a MATLAB .mat file?'
images kind-parquet 'bad magic 0x50415231 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a Parquet file?'
images kind-pickle-2 'bad magic 0x80022061 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a Python pickle?'
images kind-pickle-3 'bad magic 0x80032061 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a Python pickle?'
images kind-pickle-4 'bad magic 0x80049520 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a Python pickle?'
images kind-lfs 'bad magic 0x76657273 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a Git LFS pointer, not the file itself: git lfs pull?'
images kind-json 'bad magic 0x7B226D65 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); JSON: an error message saved as data?'
images kind-csv 'line 2 has 4 columns: expected 5, as in line 1'
images kind-text 'bad magic 0x6E6F2073 at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); a text file?'
images kind-zeros "type code 0x00 (not a type of the format) at byte 2: expected 0x08 (unsigned byte); all zeros: a download that never filled the file?"
images kind-noise 'bad magic 0xDEADBEEF at byte 0: expected 0x00000803 (unsigned bytes, 3 dimensions); not an IDX file?'
images_gz gz-promise 'the sizes at byte 4 (4294967295 images of 1 x 1) promise 4294967311 bytes, but 34 bytes of gzip cannot inflate to so many: expected at most 1032 times as many; a damaged header, or an interrupted download?'
images_gz gz-promise-2 'the sizes at byte 4 (4294967295 images of 256 x 256) promise 281474976645136 bytes, but 34 bytes of gzip cannot inflate to so many: expected at most 1032 times as many; a damaged header, or an interrupted download?'
images_gz gz-bomb 'at least 16777216 trailing bytes at byte 656: expected the end after a header of 16 bytes and 40 images of 4 x 4; two files written into one, or a damaged header?'
images_gz gz-short 'truncated at byte 655: expected 656 bytes (a header of 16 and 40 images of 4 x 4), found 655; an interrupted download?'

# --- Labels ---------------------------------------------------------------------------------------------

labels empty 'empty: expected an IDX file of labels; a download that failed?'
labels cut-1 'truncated at byte 1: expected a header of 8 bytes, found the end; an interrupted download?'
labels cut-3 'truncated at byte 3: expected a header of 8 bytes, found the end; an interrupted download?'
labels cut-4 'truncated at byte 4: expected a header of 8 bytes, found the end; an interrupted download?'
labels cut-7 'truncated at byte 7: expected a header of 8 bytes, found the end; an interrupted download?'
labels cut-8 'truncated at byte 8: expected 48 bytes (a header of 8 and 40 labels), found 8; an interrupted download?'
labels cut-20 'truncated at byte 20: expected 48 bytes (a header of 8 and 40 labels), found 20; an interrupted download?'
labels cut-47 'truncated at byte 47: expected 48 bytes (a header of 8 and 40 labels), found 47; an interrupted download?'
labels trailing '1 trailing bytes at byte 48: expected the end after a header of 8 bytes and 40 labels; two files written into one, or a damaged header?'
labels byte-0 'bad magic 0x01000801 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); not an IDX file?'
labels byte-1 'bad magic 0x00010801 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); not an IDX file?'
labels type-00 "type code 0x00 (not a type of the format) at byte 2: expected 0x08 (unsigned byte) or 0x0C (32-bit int); another data set, or a damaged header?"
labels type-07 "type code 0x07 (not a type of the format) at byte 2: expected 0x08 (unsigned byte) or 0x0C (32-bit int); another data set, or a damaged header?"
labels type-0a "type code 0x0A (not a type of the format) at byte 2: expected 0x08 (unsigned byte) or 0x0C (32-bit int); another data set, or a damaged header?"
labels type-0b 'its header, of 1 dimension of 16-bit ints, promises 88 bytes in all, found 48; an interrupted download, or a damaged header?'
labels type-0c 'truncated at byte 48: expected 168 bytes (a header of 8 and 40 labels), found 48; an interrupted download?'
labels type-0d 'its header, of 1 dimension of 32-bit floats, promises 168 bytes in all, found 48; an interrupted download, or a damaged header?'
labels type-0e 'its header, of 1 dimension of 64-bit floats, promises 328 bytes in all, found 48; an interrupted download, or a damaged header?'
labels type-ff "type code 0xFF (not a type of the format) at byte 2: expected 0x08 (unsigned byte) or 0x0C (32-bit int); another data set, or a damaged header?"
labels rank-0 '0 dimensions at byte 3: expected 1 (labels); one-hot or multiple labels?'
labels rank-2 'its header, of 2 dimensions of unsigned bytes, promises 2642052 bytes in all, found 48; an interrupted download, or a damaged header?'
labels rank-3 'magic 0x00000803 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); this looks like an image file: are the two swapped?'
labels rank-4 'its header, of 4 dimensions of unsigned bytes, promises more than 20 bytes in all, found 48; an interrupted download, or a damaged header?'
labels rank-255 '255 dimensions at byte 3: expected 1 (labels); one-hot or multiple labels?'
labels little 'bad magic 0x01080000 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); written in little-endian order?'
labels count-0 '0 labels at byte 4: expected at least 1; a writer that was stopped before it was done?'
labels count-39 '1 trailing bytes at byte 47: expected the end after a header of 8 bytes and 39 labels; two files written into one, or a damaged header?'
labels count-41 'truncated at byte 48: expected 49 bytes (a header of 8 and 41 labels), found 48; an interrupted download?'
labels count-4294967295 'truncated at byte 48: expected 4294967303 bytes (a header of 8 and 4294967295 labels), found 48; an interrupted download?'
labels value-12 'label 12 (index 12), but no image has label 10 to 11: a damaged file? If there are 13 classes, say --classes 13'
labels value-255 'label 255 (index 12), but no image has label 10 to 254: a damaged file? If there are 256 classes, say --classes 256'
labels int-256 'label 256 at byte 12 (index 1): expected 0 to 255; a damaged file?'
labels int-negative 'label -1 at byte 12 (index 1): expected 0 to 255; a damaged file?'
labels int-little 'label 16777216 at byte 8 (index 0): expected 0 to 255; written in little-endian order?'
labels int-cut 'truncated at byte 15: expected 16 bytes (a header of 8 and 2 labels), found 15; an interrupted download?'
labels rows-0 '0 labels at byte 4: expected at least 1; a writer that was stopped before it was done?'
labels rows-none '0 columns at byte 8: expected at least 1; a damaged header?'
labels rows-promise 'the sizes at byte 4 (4294967295 labels of 4294967295 columns) overflow: expected fewer than 18446744073709551615 bytes in all; a damaged header?'
labels rows-256 'label 256 at byte 20 (index 1): expected 0 to 255; a damaged file?'
labels gz-cut-magic 'gzip data truncated at byte 2: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-head 'gzip data truncated at byte 9: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-middle 'gzip data truncated at byte 20: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-no-trailer 'gzip data truncated at byte 32: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-no-size 'gzip data truncated at byte 36: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-last 'gzip data truncated at byte 39: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-cut-second 'gzip data truncated at byte 55: expected more compressed data, found the end of the file; an interrupted download?'
labels gz-crc 'gzip CRC-32 mismatch near byte 36: expected the checksum stored there, found another in the inflated data (incorrect data check); damaged in transfer or on disk?'
labels gz-isize 'gzip length mismatch near byte 40: expected the length stored there, found another in the inflated data (incorrect length check); damaged in transfer or on disk?'
labels gz-method 'damaged gzip data near byte 4: unknown compression method; damaged in transfer or on disk?'
labels gz-flags 'damaged gzip data near byte 4: unknown header flags set; damaged in transfer or on disk?'
labels gz-block 'damaged gzip data near byte 11: invalid block type; damaged in transfer or on disk?'
labels gz-distance 'damaged gzip data near byte 13: invalid distance too far back; damaged in transfer or on disk?'
labels gz-stored 'damaged gzip data near byte 15: invalid stored block lengths; damaged in transfer or on disk?'
labels gz-junk '5 trailing bytes at byte 40, after the last gzip member: expected the end of the file, found 0x6A; two files written into one?'
labels_gz gz-empty 'empty: expected an IDX file of labels; a download that failed?'
labels_gz gz-short 'truncated at byte 47: expected 48 bytes (a header of 8 and 40 labels), found 47; an interrupted download?'
labels_gz gz-trailing '1 trailing bytes at byte 48: expected the end after a header of 8 bytes and 40 labels; two files written into one, or a damaged header?'
labels gz-value 'label 12 (index 12), but no image has label 10 to 11: a damaged file? If there are 13 classes, say --classes 13'
labels_gz gz-html 'bad magic 0x3C68746D at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); an HTML or XML error page saved as data?'
labels_gz gz-images 'magic 0x00000803 at byte 0: expected 0x00000801 (unsigned bytes, 1 dimension); this looks like an image file: are the two swapped?'

# --- Models ---------------------------------------------------------------------------------------------

fails 1 "$eval" 'none: cannot be opened: No such file or directory' none
fails 1 "$eval" $'red\\x1b[31m: cannot be opened: No such file or directory' $'red\e[31m'
fails 1 "$eval" 'taken: is a directory, expected a file' taken
fails 1 "$eval" '/dev/null: the file is empty; was the program that wrote it interrupted?' /dev/null
fails_like 1 "$eval" '*: not a safetensors file: header length *' "$train"
for file in images-good images-gz-good images-kind-zip images-kind-pickle-2 images-kind-numpy images-kind-hdf5 images-kind-html \
    images-kind-json images-kind-zeros labels-good; do
    case $file in
    *gz*) guess='this is gzip data; gunzip it first' ;;
    *zip) guess='this is a zip archive, as torch.save and numpy.savez write; mnist-convert makes a model of such' ;;
    *pickle*) guess='this is a Python pickle; a model file here is safetensors' ;;
    *numpy) guess='this is a NumPy array; mnist-convert makes a model of an .npz file of arrays' ;;
    *hdf5) guess='this is an HDF5 file, as Keras writes; a model file here is safetensors' ;;
    *html) guess='this is HTML or XML; was a web page saved in place of the file?' ;;
    *json) guess='this is JSON text or the like; is it a configuration or a log?' ;;
    *zeros) guess='it begins with zeros; was the copying of it cut off?' ;;
    images*) guess='this is an IDX file of images, not a model; are the arguments swapped?' ;;
    *) guess='this is an IDX file of labels, not a model; are the arguments swapped?' ;;
    esac
    fails_like 1 "$eval" "$bad/$file: not a safetensors file: ${guess//\?/\\?}" "$bad/$file" "${tests[@]}"
done
model empty 'the file is empty; was the program that wrote it interrupted?'
model cut-1 '1 bytes, but a safetensors file begins with 8 bytes of header length'
model cut-7 '7 bytes, but a safetensors file begins with 8 bytes of header length'
model cut-8 'truncated in the header: expected at least 342 bytes, found 8; copy or download it again'
model cut-9 'truncated in the header: expected at least 342 bytes, found 9; copy or download it again'
model cut-100 'truncated in the header: expected at least 342 bytes, found 100; copy or download it again'
model cut-last 'truncated: expected 1022 bytes, found 1021; copy or download it again'
model trailing '1 trailing bytes: expected 1022 bytes, found 1023'
model length-0 'not a safetensors file: it begins with zeros; was the copying of it cut off?'
model length-1 'not a safetensors file: header length 1 at byte 0, expected 2 to 100000000'
model length-2e60 'not a safetensors file: header length 1152921504606846976 at byte 0, expected 2 to 100000000'
model length-max 'not a safetensors file: header length 18446744073709551615 at byte 0, expected 2 to 100000000'
model length-1e8 'not a safetensors file: header length 100000001 at byte 0, expected 2 to 100000000'
model length-7e7 'truncated in the header: expected at least 70000008 bytes, found 1022; copy or download it again'
model flip-data 'the file is damaged: its CRC-32 is 8416bebb, but f1897826 is stated at byte 188'
model flip-header 'the file is damaged: its CRC-32 is 9c8a9785, but f1897826 is stated at byte 188'
model json-array "not a safetensors file: 0x5B at byte 8, expected '{'"
model json-cut "header is not valid JSON near byte 27: '}' expected near end of file"
model json-comma "header is not valid JSON near byte 16: string or '}' expected near '}'"
model json-latin "header is not valid JSON near byte 35: unable to decode byte 0xe9 near '\"'"
model json-nul "header is not valid JSON near byte 44: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"a\\u0000b\"'"
model json-key-nul "header is not valid JSON near byte 34: NUL byte in object key not supported near '\"a\\u0000\"'"
model json-twice "header is not valid JSON near byte 64: duplicate object key near '\"a\"'"
model json-metadata-twice "header is not valid JSON near byte 36: duplicate object key near '\"a\"'"
model json-nested 'header nested deeper than 3 levels at byte 15'
model json-deep 'header nested deeper than 3 levels at byte 23'
model json-values 'more than 65536 values in the header at byte 131083'
model json-number "header is not valid JSON near byte 28: real number overflow near '1e999'"
model json-tail "header is not valid JSON near byte 12: end of file expected near '{'"
model json-entry "header entry 'a': expected dtype, shape and data_offsets [begin, end] and no more"
model json-metadata-array '__metadata__ is not a JSON object'
model json-metadata-number "__metadata__ key 'format' is not a string"
model json-foreign "format 'pt', expected 'mnist-mlp'"
model json-no-metadata "a safetensors file, but not from mnist-train: no \"format\" in its __metadata__, expected 'mnist-mlp'"
model json-escape "format '?[31m??red', expected 'mnist-mlp'"
model no-format "a safetensors file, but not from mnist-train: no \"format\" in its __metadata__, expected 'mnist-mlp'"
model no-format_version "format_version '(none)' of format 'mnist-mlp', expected '1' or '2'; made by another version of mnist-train?"
model no-inputs 'no "inputs" in __metadata__, expected an integer from 1 to 65536'
model no-hidden 'no "hidden" in __metadata__, expected none, or 1 to 16 widths from 1 to 65536 with commas between them'
model no-outputs 'no "outputs" in __metadata__, expected an integer from 1 to 65536'
model no-activation "no \"activation\" in __metadata__, expected $activations"
model no-normalization 'no "normalization" in __metadata__, expected unit or standard'
model no-mean 'no "mean" in __metadata__, expected a finite number'
model no-stddev 'no "stddev" in __metadata__, expected a finite number above 0'
model no-crc32 'no checksum: expected "crc32":"xxxxxxxx" once in the header, found it 0 times; was the file edited or written by another program?'
model format-checkpoint "format 'mnist-checkpoint', expected 'mnist-mlp'; the training goes on with mnist-train --resume"
model version-3 "format_version '3' of format 'mnist-mlp', expected '1' or '2'; made by another version of mnist-train?"
model crc-upper 'the file is damaged: its CRC-32 is f1897826, but ABCDEF01 is stated at byte 188'
model crc-short 'the checksum at byte 188 is not 8 hex digits long'
model crc-long 'the checksum at byte 188 is not 8 hex digits long'
model crc-wrong 'the file is damaged: its CRC-32 is f1897826, but 12345678 is stated at byte 188'
model crc-text 'the checksum at byte 188 is not 8 hex digits long'
model inputs-0 "__metadata__ inputs is '0', expected an integer from 1 to 65536"
model inputs-1 "__metadata__ inputs is '65537', expected an integer from 1 to 65536"
model inputs-2 "__metadata__ inputs is '-1', expected an integer from 1 to 65536"
model inputs-3 "__metadata__ inputs is '1.5', expected an integer from 1 to 65536"
model inputs-4 "__metadata__ inputs is '', expected an integer from 1 to 65536"
model inputs-5 "__metadata__ inputs is '016', expected an integer from 1 to 65536"
model inputs-6 "__metadata__ inputs is ' 16', expected an integer from 1 to 65536"
model inputs-7 "__metadata__ inputs is '1e1', expected an integer from 1 to 65536"
model inputs-8 "__metadata__ inputs is '99999999999999999999', expected an integer from 1 to 65536"
model inputs-9 "tensor 'layers.0.weight' has shape (16, 10), but the architecture in __metadata__ says (17, 10)"
model outputs-1 'a net of 1 outputs, expected 2 to 256'
model outputs-text "__metadata__ outputs is 'ten', expected an integer from 1 to 65536"
model hidden-0 "__metadata__ hidden is '', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-1 "__metadata__ hidden is '0', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-2 "__metadata__ hidden is '128,', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-3 "__metadata__ hidden is ',128', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-4 "__metadata__ hidden is '65537', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-5 "__metadata__ hidden is '128x64', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-6 "__metadata__ hidden is '1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-7 "__metadata__ hidden is 'None', expected none, or 1 to 16 widths from 1 to 65536 with commas between them"
model hidden-8 "tensor 'layers.0.weight' has shape (16, 10), but the architecture in __metadata__ says (16, 65536)"
model hidden-9 "tensor 'layers.0.weight' has shape (16, 10), but the architecture in __metadata__ says (16, 8)"
model activation "__metadata__ activation is 'relu6', expected $activations"
model activation-escape "__metadata__ activation is '?]0;owned?', expected $activations"
model normalization "__metadata__ normalization is 'minmax', expected unit or standard"
model mean-nan "__metadata__ mean is 'nan', expected a finite number"
model mean-inf "__metadata__ mean is 'inf', expected a finite number"
model mean-1e39 "__metadata__ mean is '1e39', expected a finite number"
model mean-hex "__metadata__ mean is '0x1p3', expected a finite number"
model mean-empty "__metadata__ mean is '', expected a finite number"
model mean-unit 'normalization unit, mean 0.1, stddev 1 in __metadata__: normalization unit goes with mean 0 and stddev 1'
model stddev-0 'normalization unit, mean 0, stddev 0 in __metadata__: mean must be finite, stddev finite and above 0'
model stddev-negative 'normalization unit, mean 0, stddev -1 in __metadata__: mean must be finite, stddev finite and above 0'
model stddev-nan "__metadata__ stddev is 'nan', expected a finite number above 0"
model stddev-tail "__metadata__ stddev is '1 ', expected a finite number above 0"
model stddev-unit 'normalization unit, mean 0, stddev 2 in __metadata__: normalization unit goes with mean 0 and stddev 1'
model stddev-small 'normalization standard, mean 0, stddev 1e-45 in __metadata__: stddev is too small'
model stddev-standard-0 'normalization standard, mean 0, stddev 0 in __metadata__: mean must be finite, stddev finite and above 0'
model dtype-F16 "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 320 by its shape"
model dtype-BF16 "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 320 by its shape"
model dtype-f16-fits "tensor 'layers.0.weight' has dtype F16, expected F32"
model dtype-F64 "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 1280 by its shape"
model dtype-I64 "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 1280 by its shape"
model dtype-f32 "tensor 'layers.0.weight' has dtype 'f32', expected one of the safetensors format, as F32 or BF16"
model dtype-none "tensor 'layers.0.weight' has dtype '', expected one of the safetensors format, as F32 or BF16"
model version-2 'no "weights" in __metadata__, expected bf16, fp16 or integers'
model weights-fp32 "__metadata__ weights is 'fp32', expected bf16, fp16 or integers"
model steps-version-1 "format_version '1' of format 'mnist-mlp', expected '3'; made by another version of mnist-train?"
model steps-twice 'steps in its metadata: the step invert is there twice'
model steps-unknown 'steps in its metadata: unknown step "?[31mdeskew"; expected some of max-pixel=N, invert, transpose'
model steps-value 'steps in its metadata: "max-pixel=1e2": expected max-pixel=N, N from 1 to 254'
model weights-int4 "__metadata__ weights is '?[31mint4', expected bf16, fp16 or integers"
model dtype-U64 "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 1280 by its shape"
model dtype-f64-fits "tensor 'layers.0.weight' has dtype F64, expected F32"
model integers-bias "bias 1 of layer 1: expected at most 2^30 either way, found 1073741825"
model integers-bias-least "bias 0 of layer 1: expected at most 2^30 either way, found -2147483648"
model integers-float "tensor 'layers.0.weight' has dtype F32, expected I8"
model integers-last-range "tensor 'layers.1.range' does not belong to the architecture in __metadata__"
model integers-large "scales that are too large: a weight or bias is no finite number"
model integers-mean "normalisation: expected a mean of 0 to 1, found white 1, shift -1.5"
model integers-no-range "tensor 'layers.0.range' of shape (3) is missing"
model integers-no-scale "tensor 'layers.0.scale' of shape (2) is missing"
model integers-range-2 "tensor 'layers.0.range' has shape (2), but the architecture in __metadata__ says (3)"
model integers-range-a "scale of layer 1's outputs: expected a positive number above 1.2e-38, found 0"
model integers-range-b "parameter layers.0.range[0] is not a number, expected a finite number"
model integers-range-c "parameter layers.0.range[1] is 128, expected a whole number from 0 to 127"
model integers-range-d "parameter layers.0.range[1] is -1, expected a whole number from 0 to 127"
model integers-range-e "parameter layers.0.range[1] is 0.5, expected a whole number from 0 to 127"
model integers-range-f "parameter layers.0.range[1] is not a number, expected a finite number"
model integers-range-g "zero point of layer 1's outputs: expected at most 0, found 7"
model integers-range-h "step of layer 1's table: expected 0, as relu has no table, found 1"
model integers-scale-0 "scale 9 of layer 2: expected a positive number above 1.2e-38, found 0"
model integers-scale-1 "scale 9 of layer 2: expected a positive number above 1.2e-38, found -1"
model integers-scale-2 "scale 9 of layer 2: expected a positive number above 1.2e-38, found 9.99995e-41"
model integers-scale-3 "parameter layers.1.scale[9] is not a number, expected a finite number"
model integers-scale-4 "parameter layers.1.scale[9] is infinite, expected a finite number"
model integers-shape "tensor 'layers.1.scale' has shape (9), but the architecture in __metadata__ says (10)"
model integers-step "step of layer 1's table: expected a positive number, found 0"
model integers-unsigned "tensor 'layers.0.weight' has dtype U8, expected I8"
model integers-weight "weight 31 of layer 1: expected -127 to 127, found -128"
model fp16-inf "parameter layers.0.weight[15, 9] is infinite, expected a finite number"
model fp16-mixed "tensor 'layers.0.bias' has dtype F32, expected F16"
model fp16-nan "parameter layers.0.bias[0] is not a number, expected a finite number"
model fp16-other "tensor 'layers.0.weight' has dtype F16, expected BF16"
model bf16-inf "parameter layers.0.weight[15, 9] is infinite, expected a finite number"
model bf16-mixed "tensor 'layers.0.bias' has dtype F32, expected BF16"
model bf16-nan "parameter layers.0.bias[0] is not a number, expected a finite number"
model bf16-other "tensor 'layers.0.weight' has dtype BF16, expected F16"
model dtype-number "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model dtype-absent "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model shape-absent "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model offsets-absent "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model entry-more "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model shape-text "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model shape-negative "tensor 'layers.0.weight': shape is not a list of integers from 0 on"
model shape-real "tensor 'layers.0.weight': shape is not a list of integers from 0 on"
model shape-null "tensor 'layers.0.weight': shape is not a list of integers from 0 on"
model shape-rank-1 "tensor 'layers.0.weight' has shape (160), but the architecture in __metadata__ says (16, 10)"
model shape-rank-3 "tensor 'layers.0.weight' has shape (1, 16, 10), but the architecture in __metadata__ says (16, 10)"
model shape-rank-9 "tensor 'layers.0.weight' has 9 dimensions, expected at most 8"
model shape-turned "tensor 'layers.0.weight' has shape (10, 16), but the architecture in __metadata__ says (16, 10)"
model shape-huge "tensor 'layers.0.weight': shape is larger than any file could be"
model shape-huge-2 "tensor 'layers.0.weight': shape is larger than any file could be"
model shape-zero "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 0 by its shape"
model shape-zero-huge "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 0 by its shape"
model shape-scalar "tensor 'layers.0.weight' has 640 bytes by its data_offsets and 4 by its shape"
model shape-2e63 "header is not valid JSON near byte 260: too big integer near '9223372036854775808'"
model offsets-one "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model offsets-three "header entry 'layers.0.weight': expected dtype, shape and data_offsets [begin, end] and no more"
model offsets-turned "tensor 'layers.0.weight': data_offsets are not two ascending integers from 0 on"
model offsets-negative "tensor 'layers.0.weight': data_offsets are not two ascending integers from 0 on"
model offsets-text "tensor 'layers.0.weight': data_offsets are not two ascending integers from 0 on"
model offsets-real "tensor 'layers.0.weight': data_offsets are not two ascending integers from 0 on"
model offsets-short "tensor 'layers.0.weight' has 636 bytes by its data_offsets and 640 by its shape"
model offsets-long "tensor 'layers.0.weight' has 644 bytes by its data_offsets and 640 by its shape"
model offsets-far "a hole in the data: bytes 0 to 640 before tensor 'layers.0.bias' belong to none"
model offsets-end-2e62 "tensor 'layers.0.weight' has 4611686018427387904 bytes by its data_offsets and 640 by its shape"
model hole "a hole in the data: bytes 680 to 684 before tensor 'x' belong to none"
model overlap "tensor 'layers.0.weight' at data byte 0 overlaps the one before it, which ends at 4"
model overlap-2 "tensor 'layers.0.bias' at data byte 600 overlaps the one before it, which ends at 640"
model extra "tensor 'x' does not belong to the architecture in __metadata__"
model extra-escape "tensor '?[31mx' does not belong to the architecture in __metadata__"
model extra-empty "tensor 'layers.1.bias' does not belong to the architecture in __metadata__"
model no-bias "tensor 'layers.0.bias' of shape (10) is missing"
model no-weight "tensor 'layers.0.weight' of shape (16, 10) is missing"
model data-short 'truncated: expected 1022 bytes, found 1021; copy or download it again'
model data-long '1 trailing bytes: expected 1022 bytes, found 1023'
model value-nan 'parameter layers.0.weight[1, 1] is not a number, expected a finite number'
model value-snan 'parameter layers.0.weight[0, 0] is not a number, expected a finite number'
model value-inf 'parameter layers.0.bias[0] is infinite, expected a finite number'
model value-minus-inf 'parameter layers.0.bias[9] is infinite, expected a finite number'
of_model options-0 'option synthetic-test in its metadata: "0" is not a whole number from 1 to 1000000000'
of_model options-negative 'option synthetic-test in its metadata: "-5" is not a whole number from 1 to 1000000000'
of_model options-many 'its metadata ask for 1000001 synthetic test images; to have more than 1000000, say --synthetic-test'
of_model options-real 'option synthetic-test in its metadata: "1.5" is not a whole number from 1 to 1000000000'
of_model options-array 'the options in its metadata are no JSON object'
of_model options-cut 'the options in its metadata are no JSON object'
of_model options-dataset 'option dataset in its metadata: "sinthetic" is not one of mnist, fashion, synthetic; did you mean synthetic?'
of_model options-seed 'option data-seed in its metadata: "x" is not a whole number from 0 to 18446744073709551615'
of_model options-long 'the options in its metadata are 65579 bytes, expected at most 65536'
of_model options-good 'does not say which images it was validated on; say --val-split N, which fits on the last N of all training images' \
    --temperature fit
of_model options-val-split 'option val-split in its metadata: "-1" is not a count from 0 to 1000000000, a fraction below 1 like 0.05, or a percentage like 5%' \
    --temperature fit
of_model options-train-many 'its metadata ask for 1000001 synthetic training images, expected at most 1000000' --temperature fit
of_model options-trained-on 'was trained on "7" images, but its options leave 40 of the training images here; say --val-split N, which fits on the last N of all training images' \
    --temperature fit
of_model options-sheer 'option augment in its metadata: unknown entry "sheer"; did you mean shear?' --tta 2
usage "$eval" "$bad/model-options-shift-0: was trained without --augment; to distort images for --tta, say --augment SPEC" \
    --tta 2 "$bad/model-options-shift-0"
usage "$eval" "$bad/model-options-augment-3: was trained without --augment; to distort images for --tta, say --augment SPEC" \
    --tta 2 "$bad/model-options-augment-3"
usage "$eval" '--data-seed is for --dataset synthetic, but the data set is mnist' --data-seed 3 "${tests[@]}" "$bad/model-options-good"
fails 1 "$eval" 'the images are 4 x 4 = 16 pixels, but the net has 784 inputs' "${tests[@]}" "$bad/model-options-good"
fails 1 "$eval" 'the images are 28 x 28 = 784 pixels, but the net has 16 inputs' --dataset synthetic -q "$bad/model-good"

begin 'a model names no file, whatever it says'
before=(*)
run 0 "$eval" -q "$bad/model-options-paths"
after=(*)
expect 'files came or went' [ "${before[*]}" = "${after[*]}" ]

# --- Logs -----------------------------------------------------------------------------------------------

columns='kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy'
nolog="expected '$columns', or JSON; no log of mnist-train?"
loss='expected a number from -3.40282347e+38 to 3.40282347e+38'
again='is it the log of another training?'
log none 'cannot be opened: No such file or directory'
fails 1 "$eval" 'taken: is a directory, expected a file' -q --report r.html --log taken "$bad/model-good" "${tests[@]}"
log empty 'the file is empty, expected a log of mnist-train'
log header 'has no epoch that is over, expected one at least'
log steps 'has no epoch that is over, expected one at least'
log cut 'line 4: the file ends within it, expected a line feed; was it cut short?'
log carriage 'line 1: ends with a carriage return, expected a line feed alone, as mnist-train writes it'
log foreign "line 1: is 'epoch,loss,accuracy', $nolog"
log more "line 1: is '${columns:0:80}...', $nolog"
log headless "line 1: is 'step,1,1,5,0.1,2.2,0.25,,', $nolog"
log page "line 1: is '<!DOCTYPE html><title>404</title>', $nolog"
log zip "line 1: is 'PK??', $nolog"
log array "line 1: is '[]', $nolog"
log few 'line 4: has 8 fields, expected 9'
log many 'line 4: has 10 fields, expected 9'
log blank 'line 4: has 1 fields, expected 9'
log long 'line 4: has 1129 bytes, expected at most 1022'
log zero 'line 4: has a zero byte in it, expected text'
log kind "line 4: kind is '?]0;owned?', expected epoch or step"
log seed "line 4: seed is '1e0', expected a whole number from 0 to 18446744073709551615"
log seed-2e64 "line 4: seed is '18446744073709551616', expected a whole number from 0 to 18446744073709551615"
log seed-less 'line 4: seed is 0, expected 1 again, or a larger one for the next run; two logs in one file?'
log epoch 'line 4: epoch is 3, expected 2; is the log whole?'
log epoch-0 "line 4: epoch is '0', expected a whole number from 1 to 1000000"
log step 'line 4: step is 5, expected at least 6'
log step-huge "line 4: step is '99999999999999999', expected a whole number from 1 to 9007199254740992"
log lr "line 4: lr is 'nan', expected a number from 0 to 3.40282347e+38"
log lr-1e39 "line 4: lr is '1e39', expected a number from 0 to 3.40282347e+38"
log loss 'line 4: has 10 fields, expected 9'
log loss-hex "line 4: train_loss is '0x1', $loss"
log accuracy "line 4: train_accuracy is '60', expected a number from 0 to 1"
log accuracy-nan "line 4: train_accuracy is 'nan', expected a number from 0 to 1"
log half "line 4: validation_accuracy is '', expected a number from 0 to 1"
log step-validated "line 4: validation_accuracy is '0.7', expected none: nets are validated at an epoch's end"
log unvalidated 'epoch 2 is not validated, unlike the first; is the log whole?'
log after "has a step 16, but the training of $bad/model-logged-good ended at 15; $again" logged-good
log twice "line 5: kind is 'kind', expected epoch or step"
log seeds "has runs of seeds 1 and 2, and $bad/model-good does not say which is its own"
log other "has no run of seed 1, which $bad/model-logged-good was trained with, but one of 3; $again" logged-good
log uneven "epoch 3 ends at step 14, and not as the first, for $bad/model-good, after 5; is the log whole?"
log uneven "has 4 epochs, but $bad/model-logged-good was trained for 3; $again" logged-good
log longer "epoch 3 ends at step 16, but in the training of $bad/model-logged-good an epoch has 5; $again" logged-good
log four "has 4 epochs, but $bad/model-logged-good was trained for 3; $again" logged-good
log json-cut 'line 1: the file ends within it, expected a line feed; was it cut short?'
log json-half "line 2: no JSON: '}' expected near end of file"
log json-twice "line 1: no JSON: duplicate object key near '\"lr\"'"
log json-lacks 'line 1: there is no "lr": expected an object of a log'
log json-more 'line 1: has 10 members, expected the 9 of a log'
log json-text 'line 1: expected "train_accuracy" to be a number or null'
log json-nan "line 1: no JSON: invalid token near 'NaN'"
log json-null "line 1: train_accuracy is 'null', expected a number from 0 to 1"
log json-1e999 "line 1: no JSON: real number overflow near '1e999'"
log json-2e64 "line 1: seed is '18446744073709551616', expected a whole number from 0 to 18446744073709551615"
log json-deep "line 1: no JSON: unexpected token near end of file"
log json-csv "line 2: no JSON: '[' or '{' expected near 'epoch'"
fails 1 "$eval" "$bad/model-logged-keep: option keep in its metadata: \"worst\" is not one of last, best" -q --report r.html \
    --log "$bad/log-good" "$bad/model-logged-keep" "${tests[@]}"

# --- Checkpoints ----------------------------------------------------------------------------------------

fails 1 "$train" 'none: cannot be opened: No such file or directory' --resume none
fails 1 "$train" 'taken: is a directory, expected a file' --resume taken
fails 1 "$train" '/dev/null: the file is empty; was the program that wrote it interrupted?' --resume /dev/null
fails 1 "$train" "$bad/model-good: format 'mnist-mlp', expected 'mnist-checkpoint': a model has no state of a training to go \
on from" --resume "$bad/model-good"
fails 1 "$eval" "$bad/ckpt-good: format 'mnist-checkpoint', expected 'mnist-mlp'; the training goes on with mnist-train --resume" \
    "$bad/ckpt-good"
usage "$train" "--hidden 5: the training in $bad/ckpt-good has --hidden 4; leave it out, or begin another training without \
--resume" --resume "$bad/ckpt-good" --hidden 5
usage "$train" "--epochs 1: the training in $bad/ckpt-good is for 2; they may become more, not fewer" \
    --resume "$bad/ckpt-good" -e 1
ckpt cut 'truncated: expected 28747 bytes, found 28746; copy or download it again'
ckpt flip 'the file is damaged: its CRC-32 is 4cc9f037, but 740cf40e is stated at byte 83'
ckpt format "format 'mnist-mlp', expected 'mnist-checkpoint': a model has no state of a training to go on from"
ckpt no-format "format '(none)', expected 'mnist-checkpoint'"
ckpt foreign "format 'pt', expected 'mnist-checkpoint'"
ckpt version "format_version '1' of format 'mnist-checkpoint', expected '2'; made by another version of mnist-train?"
ckpt no-version "format_version '(none)' of format 'mnist-checkpoint', expected '2'; made by another version of mnist-train?"
ckpt no-crc 'no checksum: expected "crc32":"xxxxxxxx" once in the header, found it 0 times; was the file edited or written by another program?'
ckpt no-config 'there is no "config" in its __metadata__'
ckpt no-log 'malformed "log" in its __metadata__'
ckpt no-train_images_sha256 'the training images are not those that this training began with: SHA-256 e5b929e5ebb5165a4d00486dfd0f0f3df7a2bf8f313eb5e2fd77fe517ae30a37, expected none, as there is no such digest in the file; point --data-dir, or the options for the files, to those'
ckpt no-train_labels_sha256 'the training labels are not those that this training began with: SHA-256 5ec6acd24cf4e6bf4dc5c033c295c524b17524c358b13da696e88179e8fa95c7, expected none, as there is no such digest in the file; point --data-dir, or the options for the files, to those'
ckpt no-test_images_sha256 'the test images are not those that this training began with: SHA-256 850758ac1785f3575fcecf4f9ebc0b1e291b91fe7ea7a6881faf666f22ae68c1, expected none, as there is no such digest in the file; point --data-dir, or the options for the files, to those'
ckpt no-test_labels_sha256 'the test labels are not those that this training began with: SHA-256 d9a791fc526e49ac3398a5711038df1984ed11a00740f1aeed819573c4ed3628, expected none, as there is no such digest in the file; point --data-dir, or the options for the files, to those'
ckpt digest 'the test images are not those that this training began with: SHA-256 850758ac1785f3575fcecf4f9ebc0b1e291b91fe7ea7a6881faf666f22ae68c1, expected "\x1b[31m"; point --data-dir, or the options for the files, to those'
ckpt config-cut 'malformed "config" in its __metadata__'
ckpt config-array 'malformed "config" in its __metadata__'
ckpt config-twice 'malformed "config" in its __metadata__'
ckpt config-unknown 'unknown key "speed"; did you mean "seed"?'
ckpt config-lr '"lr": "-1" is not a number above 0 and at most 1000'
ckpt config-epochs-text '"epochs": must be a whole number from 1 to 1000000, not a string'
ckpt config-escape "\"activation\": \"\\x1b[31mrelu\" is not one of $(choices activation)"
ckpt config-wide "'net.layers.0' has shape (785, 4), expected at least 2 rows of 65536, as its settings describe the net"
ckpt config-deep "'net.layers.1' has shape (5, 10), expected at least 5 rows of 4, as its settings describe the net"
ckpt config-dropout 'its settings: --dropout: 2 rates, but 1 hidden layers; give one for all layers or one a layer'
ckpt config-log 'its settings: --log: "x.txt" ends in neither .csv nor .jsonl, which choose the format'
ckpt config-runs 'its settings: --checkpoint does not go with --runs: it keeps one training; train each seed by itself'
ckpt config-resume '"resume" belongs on the command line, not in a config file'
ckpt config-tune '"tune" belongs on the command line, not in a config file'
ckpt config-many 'its settings ask for 1000000000 synthetic images; to have more than 1000000, say --synthetic-train'
ckpt config-many-test 'its settings ask for 1000000000 synthetic images; to have more than 1000000, say --synthetic-test'
ckpt config-optimizer "the snapshot of a training lacks 'optimizer.second.layers.0'"
ckpt config-ema "the snapshot of a training lacks 'average.layers.0'"
ckpt no-epochs "there is no 'epochs', but 2 are over"
ckpt epochs-flat "'epochs': expected F64 of shape (2, 6), as so many are over"
ckpt epochs-turned "'epochs': expected F64 of shape (2, 6), as so many are over"
ckpt epochs-u64 "'epochs': expected F64 of shape (2, 6), as so many are over"
ckpt epochs-lr-nan "'epochs': the learning rate of epoch 1 is out of its range"
ckpt epochs-lr-huge "'epochs': the learning rate of epoch 1 is out of its range"
ckpt epochs-loss-inf "'epochs': the training loss of epoch 2 is out of its range"
ckpt epochs-accuracy-2 "'epochs': the training accuracy of epoch 2 is out of its range"
ckpt epochs-validation-2 "'epochs': the validation accuracy of epoch 1 is out of its range"
ckpt epochs-time-negative "'epochs': the time of epoch 2 is out of its range"
ckpt log-text 'malformed "log" in its __metadata__'
ckpt log-half 'malformed "log" in its __metadata__'
ckpt log-sign 'malformed "log" in its __metadata__'
ckpt log-long 'malformed "log" in its __metadata__'
ckpt log-three 'malformed "log" in its __metadata__'
ckpt epoch-0 "'epoch' is 0, expected at least 1"
ckpt epoch-huge "'epoch' in the snapshot of a training: expected at most 4294967295, found 1099511627776"
ckpt ended-2 "'ended' in the snapshot of a training: expected at most 1, found 2"
ckpt step-huge 'the snapshot of a training, at epoch 2, step 18446744073709551615, 28 of 28 images seen: the step is not that of the epoch and the images seen'
ckpt end-9 "'end' in the snapshot of a training: expected at most 3, found 9"
ckpt loss_sum-nan "'loss_sum' in the snapshot of a training: expected a finite number, found nan"
ckpt seconds-negative "'seconds' in the snapshot of a training: expected a finite number of at least 0 and at most 1e+12, found -1"
ckpt lr-inf "'lr' in the snapshot of a training: expected a finite number of at least 0, found inf"
ckpt seen-huge "'seen' in the snapshot of a training: expected at most 4294967295, found 9223372036854775808"
ckpt best_loss-nan "'best_loss' in the snapshot of a training: expected a finite number, found nan"
ckpt beta1_power-2 "'beta1_power' in the snapshot of a training: expected a finite number of at least 0 and at most 1, found 2"
ckpt updates-huge 'the snapshot of a training, at epoch 2, step 2, 28 of 28 images seen: a count exceeds what has been done'
ckpt best_epoch-5 'the snapshot of a training, at epoch 2, step 2, 28 of 28 images seen: a count exceeds what has been done'
ckpt no-epoch "the snapshot of a training lacks 'epoch'"
ckpt no-net "'net.layers.1' is not there, expected at least 5 rows of 10, as its settings describe the net"
ckpt no-momentum "the snapshot of a training lacks 'optimizer.first.layers.0'"
ckpt epoch-f64 "'epoch' in the snapshot of a training: expected a single U64"
ckpt epoch-rank "'epoch' in the snapshot of a training: expected a single U64"
ckpt net-turned "'net.layers.1' has shape (10, 5), expected at least 5 rows of 10, as its settings describe the net"
ckpt net-flat "'net.layers.1' has 1 dimensions, expected at least 5 rows of 10, as its settings describe the net"
ckpt net-rank-3 "tensor 'net.layers.1' of 3 dimensions: expected names of at most 31 bytes, and at most 2 dimensions"
ckpt extra 'the snapshot of a training: expected 23 arrays with these options, found 24'
ckpt empty "tensor 'nothing' is empty"
ckpt long-name "tensor 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...' of 1 dimensions: expected names of at most 31 bytes, and at most 2 dimensions"
ckpt net-nan "'net.layers.1' holds a number that is not finite: the training had diverged, or another program has written the file"

# --- One bit turned over --------------------------------------------------------------------------------

for file in "$bad"/flip-*; do
    case $file in
    *ckpt*) fails_like 1 "$train" "$file: *" -q --resume "$file" ;;
    *) fails_like 1 "$eval" "$file: *" -q "$file" "${tests[@]}" ;;
    esac
    case $err in
    *$'\n'*) wrong 'more than one line' ;;
    esac
done

table_ends 460
