"""Indonesian words of the season: titles of classes, invented institutions, comments of reviews.

Institutions are a generic kind and the name of a plant, a bird or a star; none is meant to exist.
Comments name nobody.
"""

from typing import Final

SUBJECTS: Final = (
    "Bahasa Inggris untuk Pengemudi Ojek Daring",
    "Mengemudi yang Baik bagi Pengemudi Ojek Daring",
    "Keselamatan Berkendara di Masa COVID-19",
    "Bahasa Inggris untuk Pelayan Restoran",
    "Bahasa Mandarin untuk Pramuwisata",
    "Bahasa Jepang untuk Perawat Lansia",
    "Menulis Surat Lamaran dan Wawancara Kerja",
    "Berbicara di Depan Umum",
    "Layanan Pelanggan melalui Telepon",
    "Pembukuan Sederhana untuk Usaha Kecil",
    "Menghitung Pajak Usaha Mikro",
    "Menyusun Rencana Usaha Rumahan",
    "Pemasaran lewat Media Sosial",
    "Menulis Iklan yang Menjual",
    "Fotografi Produk dengan Ponsel",
    "Menyunting Video Pendek dengan Ponsel",
    "Desain Grafis untuk Media Sosial",
    "Desain Kemasan Produk Makanan",
    "Lembar Kerja untuk Administrasi Kantor",
    "Mengetik Cepat dan Surat Dinas",
    "Analisis Data dengan Lembar Kerja",
    "Dasar Pemrograman Web",
    "Pemrograman Python untuk Pemula",
    "Merakit dan Merawat Komputer",
    "Memasang Jaringan Komputer Kantor",
    "Teknisi Telepon Genggam",
    "Servis AC Rumah Tangga",
    "Instalasi Listrik Rumah",
    "Perawatan Sepeda Motor Injeksi",
    "Las Busur Manual",
    "Membaca Gambar Teknik",
    "Membuat Kue Kering untuk Dijual",
    "Membuat Roti dan Donat",
    "Menyeduh Kopi untuk Calon Barista",
    "Masakan Nusantara untuk Katering",
    "Kebersihan dan Keamanan Pangan",
    "Tata Graha Hotel",
    "Penerima Tamu Hotel",
    "Merangkai Bunga",
    "Tata Rias Pengantin",
    "Potong Rambut Pria",
    "Menjahit Masker Kain",
    "Menjahit Busana Muslim",
    "Membatik Tulis",
    "Budidaya Sayur Hidroponik",
    "Budidaya Lele dalam Ember",
    "Beternak Ayam Kampung",
    "Membuat Pupuk Kompos",
    "Mengemudikan Forklift",
    "Pergudangan dan Pengiriman Barang",
    "Keselamatan dan Kesehatan Kerja",
    "Satuan Pengamanan Gedung",
    "Merawat Bayi dan Balita",
    "Merawat Lansia di Rumah",
    "Pertolongan Pertama di Tempat Kerja",
    "Mengajar Anak Usia Dini",
    "Mengajar Daring dengan Menarik",
    "Menerjemahkan Dokumen",
    "Menulis Artikel untuk Situs Web",
    "Mengelola Toko Daring",
)

LEVELS: Final = ("", ": Tingkat Dasar", ": Tingkat Lanjut", ": Praktik", ": Kelas Intensif")

PACKAGE_SUBJECTS: Final = (
    "Paket Siap Kerja Pengemudi Daring",
    "Paket Wirausaha Kuliner",
    "Paket Siap Kerja Perkantoran",
    "Paket Pelayan dan Perhotelan",
    "Paket Pemasaran Digital",
    "Paket Teknisi Rumahan",
    "Paket Pertanian Perkotaan",
    "Paket Pengasuhan dan Perawatan",
    "Paket Kreator Konten",
    "Paket Toko Daring",
)

INSTITUTION_KINDS: Final = (
    "Balai Kursus",
    "Lembaga Pelatihan",
    "Sanggar Keterampilan",
    "Akademi Daring",
    "Rumah Belajar",
)

INSTITUTION_NAMES: Final = (
    "Kenanga",
    "Cempaka Putih",
    "Jalak Bali",
    "Bintang Waluku",
    "Anggrek Bulan",
    "Cendrawasih",
    "Rajawali Senja",
    "Melati Pagi",
    "Bintang Timur",
    "Kemuning",
    "Murai Batu",
    "Flamboyan",
)

PRAISE: Final = (
    "Materinya mudah dipahami.",
    "Pengajar menjelaskan dengan sabar.",
    "Langsung bisa saya praktikkan di rumah.",
    "Contoh soalnya dekat dengan pekerjaan sehari-hari.",
    "Sangat membantu saya mencari kerja lagi.",
    "Tugasnya menantang tetapi jelas.",
)

COMPLAINTS: Final = (
    "Videonya sering terputus.",
    "Suara pengajar kurang jelas.",
    "Materi terlalu singkat untuk harganya.",
    "Sertifikat lama sekali terbit.",
    "Tanya jawab tidak pernah dibalas.",
    "Kode kupon sempat ditolak dua kali.",
)
